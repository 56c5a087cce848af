//! The words of the command line, as clap reads them; help, completions and the man page come from here.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, StyledStr, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::bench::objective::{OBJECTIVES, Rule};
use crate::bench::plan::{Api, Concurrency};
use crate::bench::quota::LimitOverride;
use crate::cli::look::LookOptions;
use crate::config::{parse_concurrency, parse_cost, parse_duration, parse_limit, parse_model_id};
use crate::export::FORMATS;
use crate::export::script::Press;
use crate::tui::screen::SMALLEST;

/// How much work fits into an Amazon Bedrock quota, and which prompt gets the most of it.
///
/// Without a command: the dashboard, on the embedded simulator unless the configuration names another endpoint.
/// Where standard output is no terminal it runs headless instead, and says so.
#[derive(Debug, Parser)]
#[command(name = "quotient", version, propagate_version = true, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = exit_codes())]
pub struct Arguments {
    /// What to do; the dashboard if nothing is said.
    #[command(subcommand)]
    pub command: Option<Word>,
    /// The dashboard's options where no command is given.
    #[command(flatten)]
    pub dashboard: DashboardOptions,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Word {
    /// The dashboard: benchmark, compare and pick by keyboard.
    Dashboard(Box<DashboardOptions>),
    /// The same benchmark without a screen: progress on stderr, verdicts on stdout, a line for each file written.
    Bench(Box<BenchOptions>),
    /// What quota was detected for each model, by which row, and what could not be.
    Quotas(QuotasOptions),
    /// What this account may call in this region: ids and profiles, access, end of life and successor, quota, price.
    Models(QuotasOptions),
    /// Check credentials, clock, permissions, models, access and quotas; print the minimal IAM policy.
    Doctor(DoctorOptions),
    /// Read the configuration and print the plan and its estimate; sends nothing.
    Check(CheckOptions),
    /// The winning (or named) variant as a ready request, also for new input.
    Prompt(Box<PromptOptions>),
    /// Past runs, newest first.
    Runs(ListOptions),
    /// One past run's report.
    Show(ShowOptions),
    /// Write a past run's report and charts.
    Export(ExportOptions),
    /// A past run in the dashboard, or as an animated picture; without a terminal, its verdicts.
    Replay(ReplayOptions),
    /// Serve the simulator for any other client.
    Simulate(SimulateOptions),
    /// Write a commented configuration: a starter, or from a request that you send already.
    Init(InitOptions),
    /// Completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// The manual page, in roff.
    Man,
}

/// Options shared by the commands that read a configuration and may call Bedrock.
#[derive(Debug, Clone, Default, Args)]
pub struct Shared {
    /// Configuration [default: ./variants.toml if it exists, else a built-in example]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where invocations go: simulator, aws or a URL
    #[arg(long, value_name = "simulator|aws|URL")]
    pub endpoint: Option<String>,
    /// AWS region
    #[arg(long)]
    pub region: Option<String>,
    /// AWS profile
    #[arg(long)]
    pub profile: Option<String>,
    /// Model id, inference profile or ARN (repeatable: a matrix)
    #[arg(long = "model", value_name = "ID")]
    pub models: Vec<String>,
    /// How a model is invoked: by Converse or with its family's own body, streamed or whole
    #[arg(long, value_name = "NAME", value_parser = apis())]
    pub api: Option<String>,
    /// Only this variant (repeatable)
    #[arg(long = "variant", value_name = "NAME")]
    pub variants: Vec<String>,
    /// Requests per minute, overriding what is detected; `none`: no such limit
    #[arg(long, value_name = "N|none", value_parser = parse_limit, help_heading = "Quota")]
    pub rpm: Option<LimitOverride>,
    /// Tokens per minute, likewise
    #[arg(long, value_name = "N|none", value_parser = parse_limit, help_heading = "Quota")]
    pub tpm: Option<LimitOverride>,
    /// Tokens per day, likewise
    #[arg(long, value_name = "N|none", value_parser = parse_limit, help_heading = "Quota")]
    pub tpd: Option<LimitOverride>,
    /// Quota tokens per output token, overriding the shipped table
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Quota")]
    pub burndown: Option<u32>,
    /// The row of Service Quotas that holds, by its code: RPM, TPM or TPD, as its name says (repeatable)
    #[arg(long = "quota-code", value_name = "CODE", help_heading = "Quota")]
    pub quota_codes: Vec<String>,
    /// Read the quotas again, though what was read within a day is kept on disk
    #[arg(long, help_heading = "Quota")]
    pub refresh_quotas: bool,
    /// Seed of the order of trials and of the simulator
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Cap on money, in US dollars, or none
    #[arg(long, value_name = "USD|none", value_parser = cap)]
    pub max_cost: Option<Cap>,
    /// Agree to the plan without being asked (needed without a terminal where an endpoint may cost money)
    #[arg(long)]
    pub yes: bool,
    /// The simulator's scenario
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
}

/// Options of the benchmark, with a screen or without.
#[derive(Debug, Clone, Default, Args)]
pub struct BenchOptions {
    /// What every command that may call Bedrock takes.
    #[command(flatten)]
    pub shared: Shared,
    /// What shall be run.
    #[command(flatten)]
    pub run: RunOptions,
    /// Exit with 3 unless a winner is shown
    #[arg(long)]
    pub require_winner: bool,
    /// A format to write (repeatable) [default: all where -o names a folder, else by the file's extension]
    #[arg(long = "format", value_name = "NAME", value_parser = formats(), help_heading = "Output")]
    pub formats: Vec<String>,
    /// Where to write: a folder, a file, or - for standard output
    #[arg(short, long, value_name = "DIR|FILE|-", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Keep no journal of this run
    #[arg(long, help_heading = "Output")]
    pub no_record: bool,
}

/// What shall be run: options that change the plan of a benchmark.
#[derive(Debug, Clone, Default, Args)]
pub struct RunOptions {
    /// Counted trials per variant and model, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub trials: Option<u32>,
    /// Trials before them that are not counted
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub warmup: Option<u32>,
    /// Invocations out at once
    #[arg(long, value_name = "N|auto", value_parser = parse_concurrency)]
    pub concurrency: Option<Concurrency>,
    /// The rule that picks the variant, or several with weights, e.g. throughput=0.7,cost=0.3
    #[arg(long, value_name = "NAME", value_parser = objectives())]
    pub objective: Option<String>,
    /// Give every variant all its trials, although some cannot win any more
    #[arg(long)]
    pub no_racing: bool,
    /// After the verdict drive the winner at the edge of the quota for three minutes: prediction beside measurement
    #[arg(long)]
    pub verify: bool,
    /// Choose variants, and trials unless --trials does, for the time there is, e.g. 10m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub within: Option<Duration>,
    /// End after this long, e.g. 90s or 10m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,
}

/// A cap on money: an amount or none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cap(pub Option<f64>);

/// Text for people or JSON for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Answer {
    /// A table.
    #[default]
    Text,
    /// One JSON object, `"schema": 1`.
    Json,
}

/// Options of `quotas` and `models`.
#[derive(Debug, Clone, Args)]
pub struct QuotasOptions {
    /// What every command that may call Bedrock takes.
    #[command(flatten)]
    pub shared: Shared,
    /// Text or JSON
    #[arg(long, value_enum, default_value_t)]
    pub format: Answer,
    /// Where to write: a file, or - for standard output
    #[arg(short, long, value_name = "FILE|-")]
    pub output: Option<PathBuf>,
}

/// Options of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorOptions {
    /// What every command that may call Bedrock takes.
    #[command(flatten)]
    pub shared: Shared,
    /// Also invoke each model once with `max_tokens` 16; on aws this costs money, so --yes and --max-cost hold
    #[arg(long)]
    pub call: bool,
    /// Text or JSON
    #[arg(long, value_enum, default_value_t)]
    pub format: Answer,
    /// Where to write: a file, or - for standard output
    #[arg(short, long, value_name = "FILE|-")]
    pub output: Option<PathBuf>,
}

/// Options of `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckOptions {
    /// What every command that may call Bedrock takes.
    #[command(flatten)]
    pub shared: Shared,
    /// What would be run.
    #[command(flatten)]
    pub run: RunOptions,
    /// Text or JSON
    #[arg(long, value_enum, default_value_t)]
    pub format: Answer,
    /// Where to write: a file, or - for standard output
    #[arg(short, long, value_name = "FILE|-")]
    pub output: Option<PathBuf>,
}

/// The forms of a ready request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum PromptForm {
    /// The body of `InvokeModel` for this model's family.
    Native,
    /// The body of `Converse`.
    #[default]
    Converse,
    /// System prompt and turns as plain text.
    Text,
    /// Python for boto3; without --content its variables are parameters.
    Boto3,
    /// Rust for the AWS SDK, likewise.
    Rust,
    /// A command line for the AWS CLI, likewise (variables need jq).
    AwsCli,
    /// A Jinja template that yields the body of `Converse`, with `{{ variables }}` in it.
    Template,
}

/// Options of `prompt`.
#[derive(Debug, Clone, Args)]
pub struct PromptOptions {
    /// The configuration, where no run is named.
    #[command(flatten)]
    pub shared: Shared,
    /// The run whose winner is wanted: its id, `latest`, or a journal's path
    #[arg(long)]
    pub run: Option<String>,
    /// The rule that picks the variant
    #[arg(long, value_name = "NAME", value_parser = objectives())]
    pub objective: Option<String>,
    /// Another task in place of the configured one
    #[arg(long, value_name = "TEXT")]
    pub task: Option<String>,
    /// New input: a file, or - for standard input
    #[arg(long, value_name = "FILE|-")]
    pub content: Option<PathBuf>,
    /// The form of the request
    #[arg(long, value_enum, default_value_t)]
    pub format: PromptForm,
    /// Where to write: a file, or - for standard output
    #[arg(short, long, value_name = "FILE|-")]
    pub output: Option<PathBuf>,
}

/// Options of `runs`.
#[derive(Debug, Clone, Args)]
pub struct ListOptions {
    /// Text or JSON
    #[arg(long, value_enum, default_value_t)]
    pub format: Answer,
    /// Where to write: a file, or - for standard output
    #[arg(short, long, value_name = "FILE|-")]
    pub output: Option<PathBuf>,
}

/// Options of `show`.
#[derive(Debug, Clone, Args)]
pub struct ShowOptions {
    /// The run: its id, the beginning of one, `latest`, or a journal's path
    pub run: String,
    /// Text or JSON
    #[arg(long, value_enum, default_value_t)]
    pub format: Answer,
    /// Where to write: a file, or - for standard output
    #[arg(short, long, value_name = "FILE|-")]
    pub output: Option<PathBuf>,
}

/// Options of `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportOptions {
    /// The run: its id, the beginning of one, `latest`, or a journal's path
    pub run: String,
    /// A format to write (repeatable) [default: all]
    #[arg(long = "format", value_name = "NAME", value_parser = formats())]
    pub formats: Vec<String>,
    /// Where to write: a folder, a file, or - for standard output [default: quotient-export/RUN]
    #[arg(short, long, value_name = "DIR|FILE|-")]
    pub output: Option<PathBuf>,
}

/// Options of the dashboard.
#[derive(Debug, Clone, Default, Args)]
pub struct DashboardOptions {
    /// What it benchmarks.
    #[command(flatten)]
    pub bench: BenchOptions,
    /// What it looks like.
    #[command(flatten)]
    pub look: LookOptions,
}

/// Options of `replay`.
#[derive(Debug, Clone, Args)]
pub struct ReplayOptions {
    /// The run: its id, the beginning of one, `latest`, or a journal's path
    #[arg(default_value = "latest")]
    pub run: String,
    /// So many times as fast as it happened; 0 shows the end at once
    #[arg(long, value_name = "N", default_value_t = 0.0)]
    pub speed: f64,
    /// What it looks like.
    #[command(flatten)]
    pub look: LookOptions,
    /// As an animated picture in place of the screen: an SVG without script that moves wherever an image is shown, and
    /// where nothing moves shows its last frame; - for standard output
    #[arg(long, value_name = "FILE|-", conflicts_with = "speed", help_heading = "Animation")]
    pub svg: Option<PathBuf>,
    /// How the animation looks.
    #[command(flatten)]
    pub animation: AnimationOptions,
}

/// Options of an animated replay.
#[derive(Debug, Clone, Args)]
pub struct AnimationOptions {
    /// Keys that are pressed in it, as MOMENT=KEY: `start=r`, `40%=2`, `end=b`, `end=page down`
    #[arg(long, value_name = "MOMENT=KEY,…", value_delimiter = ',', value_parser = Press::parse)]
    #[arg(requires = "svg", help_heading = "Animation")]
    pub keys: Vec<Press>,
    /// Columns and rows of its terminal
    #[arg(long, value_name = "COLUMNSxROWS", value_parser = size, default_value = "120x36")]
    #[arg(requires = "svg", help_heading = "Animation")]
    pub size: (u16, u16),
    /// How long the run takes in it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=120), default_value_t = 24)]
    #[arg(requires = "svg", help_heading = "Animation")]
    pub seconds: u32,
    /// Frames a second, at most; more make the file larger
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=15), default_value_t = 8)]
    #[arg(requires = "svg", help_heading = "Animation")]
    pub fps: u32,
}

/// Options of `simulate`.
#[derive(Debug, Clone, Args)]
pub struct SimulateOptions {
    /// Where to listen
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4566")]
    pub listen: String,
    /// The scenario
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// The seed of replies and tempo
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Print the default scenario, commented, and end
    #[arg(long)]
    pub print_scenario: bool,
}

/// Options of `init`.
#[derive(Debug, Clone, Args)]
pub struct InitOptions {
    /// The file to write
    #[arg(default_value = "variants.toml")]
    pub file: PathBuf,
    /// A request as JSON, or - for standard input: a body of Converse or `InvokeModel`, with its model id beside it or
    /// not, or a line of the model invocation log. It becomes the one variant of the file
    #[arg(long, value_name = "BODY.json|-")]
    pub from: Option<PathBuf>,
    /// The model of that request, where it does not name one, or to try it on another
    #[arg(long, value_name = "ID", requires = "from", value_parser = parse_model_id)]
    pub model: Option<String>,
    /// Write over a file that exists
    #[arg(long)]
    pub force: bool,
}

fn exit_codes() -> StyledStr {
    "Exit codes: 0 done; 1 no result; 2 bad usage or configuration, or consent missing; 3 a gate failed; \
     4 a cap, or throttling that looked like harm to others, stopped it; 130 interrupted."
        .into()
}

fn apis() -> PossibleValuesParser {
    PossibleValuesParser::new(Api::ALL.map(Api::name))
}

fn objectives() -> Objectives {
    Objectives
}

/// An objective's name, as help and completions list them, or several with weights.
#[derive(Debug, Clone, Copy)]
struct Objectives;

impl TypedValueParser for Objectives {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        match value.to_str().filter(|text| text.contains('=')) {
            Some(text) => match Rule::parse(text) {
                Ok(rule) => Ok(rule.name()),
                Err(why) => {
                    Err(clap::Error::raw(ErrorKind::ValueValidation, format!("{text:?}: {why}\n")).with_cmd(command))
                }
            },
            None => rows().parse_ref(command, argument, value),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(OBJECTIVES.iter().map(|row| PossibleValue::new(row.name).help(row.describe))))
    }
}

fn rows() -> PossibleValuesParser {
    PossibleValuesParser::new(OBJECTIVES.iter().map(|row| PossibleValue::new(row.name).help(row.describe)))
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(FORMATS.iter().map(|row| clap::builder::PossibleValue::new(row.name).help(row.describe)))
}

/// A terminal's size that the dashboard can be read in.
fn size(text: &str) -> Result<(u16, u16), String> {
    const MOST: (u16, u16) = (400, 120);
    let read = |text: &str| {
        let (columns, rows) = text.split_once('x')?;
        Some((columns.parse().ok()?, rows.parse().ok()?))
    };
    let fits =
        |(columns, rows): &(u16, u16)| (SMALLEST.0..=MOST.0).contains(columns) && (SMALLEST.1..=MOST.1).contains(rows);
    let (least, most) = (SMALLEST, MOST);
    read(text).filter(fits).ok_or_else(|| {
        format!("expected columns and rows from {}x{} to {}x{}, such as 120x36", least.0, least.1, most.0, most.1)
    })
}

fn cap(text: &str) -> Result<Cap, String> {
    parse_cost(text).map(Cap)
}
