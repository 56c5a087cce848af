//! Numbers for people: thousands apart, and no more digits than they can mean; the same wherever they are shown.

/// A number with about three significant digits, whole from a hundred on, halves rounded away from zero.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if size >= 99.95 || size.fract() < 1e-9 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.995 => 2,
        _ => 2_usize.saturating_add_signed(-(size.log10().floor() as isize)).clamp(2, 9) - usize::from(size >= 0.095),
    };
    let scale = 10_f64.powi(i32::try_from(decimals).unwrap_or(9));
    let rounded = if size < 1e12 { (value * scale).round() / scale } else { value };
    let plain = format!("{rounded:.decimals$}");
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, ""), |(whole, fraction)| (whole, fraction));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", grouped(whole))
}

/// A whole number's digits, a comma before every third from the right.
pub fn grouped(digits: &str) -> String {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.into(); // inf, NaN
    }
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        let of: Vec<String> =
            [0.0, 0.001_467_8, 0.012_34, 0.5, 3.0, 3.25, 12.34, 99.99, 100.4, 304.5, 1_234.5, 200_000.0, -1_234_567.0]
                .map(number)
                .into();
        assert_eq!(
            of,
            [
                "0",
                "0.00147",
                "0.0123",
                "0.50",
                "3",
                "3.25",
                "12.3",
                "100",
                "100",
                "305",
                "1,235",
                "200,000",
                "-1,234,567"
            ]
        );
        assert_eq!(number(f64::INFINITY), "inf");
    }
}
