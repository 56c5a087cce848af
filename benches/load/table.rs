//! The table at the end: one figure a line, its target beside it.

/// One line.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) plain: String,
    pub(crate) quotient: String,
    pub(crate) oha: String,
    /// The target, and whether it is met; `None` where there is none.
    pub(crate) target: Option<(String, bool)>,
}

/// Prints them.
pub(crate) fn print(rows: &[Row]) {
    let heads = ["", "plain SDK loop", "quotient", "oha", "target", ""].map(String::from);
    let mut lines = vec![heads];
    lines.extend(rows.iter().map(|row| {
        let (target, met) = row.target.clone().unwrap_or_default();
        let met = match row.target {
            None => "",
            Some(_) if met => "met",
            Some(_) => "missed",
        };
        [row.what.clone(), row.plain.clone(), row.quotient.clone(), row.oha.clone(), target, met.into()]
    }));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    println!();
    for line in &lines {
        let cell = |(column, text): (usize, &String)| {
            let width = widths[column];
            if column == 0 { format!("{text:<width$}") } else { format!("{text:>width$}") }
        };
        println!("{}", line.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ").trim_end());
    }
}
