//! The arguments of the attribute.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitInt, LitStr, Result, Token};

/// Every argument there is.
const KNOWN: [&str; 6] = ["migrations", "at", "rows", "seed", "layout", "setup"];

/// What was said between the parentheses.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) migrations: Option<LitStr>,
    pub(crate) at: Option<LitStr>,
    pub(crate) rows: Option<LitInt>,
    pub(crate) seed: Option<LitInt>,
    pub(crate) layout: Option<LitStr>,
    pub(crate) setup: Vec<LitStr>,
}

impl Arguments {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        syn::parse2(tokens)
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self::default();
        let mut seen: Vec<String> = Vec::new();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            let word = name.to_string();
            if !KNOWN.contains(&word.as_str()) {
                let text = format!("unknown argument `{word}`; there are: {}", KNOWN.join(", "));
                return Err(Error::new(name.span(), text));
            }
            if seen.contains(&word) {
                return Err(Error::new(name.span(), format!("`{word}` is given twice")));
            }
            input.parse::<Token![=]>()?;
            match word.as_str() {
                "migrations" => arguments.migrations = Some(input.parse()?),
                "at" => arguments.at = Some(version(input)?),
                "rows" => arguments.rows = Some(number(input)?),
                "seed" => arguments.seed = Some(number(input)?),
                "layout" => arguments.layout = Some(input.parse()?),
                _ => arguments.setup = files(input)?,
            }
            seen.push(word);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

/// Leading zeros and dates would not survive as numbers.
fn version(input: ParseStream<'_>) -> Result<LitStr> {
    input.parse().map_err(|error| Error::new(error.span(), "a version is a string, such as at = \"0007\""))
}

fn number(input: ParseStream<'_>) -> Result<LitInt> {
    let number: LitInt = input.parse()?;
    number.base10_parse::<u64>()?;
    Ok(number)
}

fn files(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    if input.peek(LitStr) {
        return Ok(vec![input.parse()?]);
    }
    let list;
    syn::bracketed!(list in input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?.into_iter().collect())
}
