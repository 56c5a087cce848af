//! Strict prompt templates (minijinja), checked by config, rendered per case.

use crate::bench::plan::{Case, Plan};
use crate::bench::request::Request;

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// Index of the variant.
    pub variant: usize,
    /// Which of its templates: `system`, `prompt` or `message`.
    pub part: &'static str,
    /// Line within the template, from 1.
    pub line: Option<usize>,
    /// The variable that nothing supplies, where that is the reason.
    pub missing: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// The compiled templates of a plan's variants.
#[derive(Debug)]
pub struct Templates {}

impl Templates {
    /// Compiles every template of a plan.
    pub fn new(_plan: &Plan) -> Result<Self, TemplateError> {
        todo!()
    }

    /// The request of a variant for a case.
    pub fn render(&self, _variant: usize, _case: &Case) -> Result<Request, TemplateError> {
        todo!()
    }
}
