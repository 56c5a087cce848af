//! Prompts: every variant's request as it is sent for the first case, rendered once a plan.

use std::borrow::Cow;
use std::sync::Arc;

use crate::bench::plan::Plan;
use crate::bench::request::Request;
use crate::bench::template::Templates;
use crate::tui::model::Model;

/// The requests of a plan, or why there are none.
#[derive(Debug, Clone, Default)]
pub struct Prompts {
    of: Option<Arc<Plan>>,
    requests: Vec<Result<Request, String>>,
}

impl Prompts {
    fn render(plan: &Arc<Plan>) -> Self {
        let case = plan.cases.first().cloned().unwrap_or_default();
        let requests = match Templates::new(plan) {
            Ok(templates) => (0..plan.variants.len())
                .map(|variant| templates.render(variant, &case).map_err(|error| error.message))
                .collect(),
            Err(error) => vec![Err(error.message); plan.variants.len()],
        };
        Self { of: Some(Arc::clone(plan)), requests }
    }

    fn holds(&self, plan: &Arc<Plan>) -> bool {
        self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, plan))
    }

    /// A variant's request, remembered or rendered.
    pub fn of(model: &Model, variant: usize) -> Option<Cow<'_, Result<Request, String>>> {
        let plan = &model.tally.plan;
        if model.prompts.holds(plan) {
            return model.prompts.requests.get(variant).map(Cow::Borrowed);
        }
        Self::render(plan).requests.into_iter().nth(variant).map(Cow::Owned)
    }

    /// Rendered anew where the plan is another one.
    pub fn renewed(&self, plan: &Arc<Plan>) -> Option<Self> {
        (!self.holds(plan)).then(|| Self::render(plan))
    }
}
