//! `quotient simulate`: serves the simulator for any other client.

use color_eyre::Result;
use color_eyre::eyre::WrapErr;

use crate::cli::arguments::SimulateOptions;
use crate::cli::exit::{Exit, Refused};
use crate::cli::{output, planning, signals};
use crate::simulator::Simulator;
use crate::simulator::scenario::Scenario;

/// Runs the command; ends at a signal.
pub fn simulate(options: &SimulateOptions) -> Result<Exit> {
    if options.print_scenario {
        output::answer(Scenario::COMMENTED)?;
        return Ok(Exit::Done);
    }
    let scenario = match &options.scenario {
        Some(path) => planning::read_scenario(path)?,
        None => Scenario::default(),
    };
    let seed = options.seed.unwrap_or(scenario.seed);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(&options.listen)
            .await
            .map_err(|error| Refused::usage(format!("cannot listen on {}: {error}", options.listen)))?;
        let address = listener.local_addr().wrap_err("cannot read the port")?;
        output::answer(&format!("simulator on http://{address}"))?;
        output::say(&format!(
            "for any AWS client: AWS_ENDPOINT_URL=http://{address} and any credentials; Ctrl-C ends it"
        ));
        let mut interrupts = signals::Interrupts::listen();
        let simulator = Simulator::new(scenario, seed);
        let served = crate::simulator::serve(listener, simulator, async move { _ = interrupts.next().await });
        served.await.wrap_err("the simulator's server failed")?;
        Ok(Exit::Done)
    })
}
