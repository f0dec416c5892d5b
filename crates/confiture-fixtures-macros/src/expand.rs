//! From an asynchronous function to a test.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Result};

use crate::arguments::Arguments;

pub(crate) fn expand(arguments: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let arguments = Arguments::parse(arguments)?;
    let ItemFn { attrs, vis, mut sig, block } = syn::parse2(function)?;
    if sig.asyncness.is_none() {
        return Err(Error::new_spanned(sig.fn_token, "a test with a database is an `async fn`"));
    }
    if sig.inputs.len() != 1 {
        return Err(Error::new_spanned(&sig, "a test with a database takes one argument, `db: TestDb`"));
    }
    if !sig.generics.params.is_empty() {
        return Err(Error::new_spanned(&sig.generics, "a test cannot be generic"));
    }
    let panics = attrs.iter().any(|attribute| attribute.path().is_ident("should_panic"));
    let (name, output) = (sig.ident.clone(), sig.output.clone());
    sig.ident = quote::format_ident!("body");
    let directory = arguments.migrations.map_or_else(|| "migrations".to_owned(), |dir| dir.value());
    let Arguments { at, rows, seed, layout, setup, .. } = arguments;
    let (at, layout) = (at.into_iter(), layout.into_iter());
    let (rows, seed) = (rows.into_iter(), seed.into_iter());
    Ok(quote! {
        #(#attrs)*
        #[::core::prelude::v1::test]
        #vis fn #name() #output {
            #sig #block
            let package = ::std::path::Path::new(::core::env!("CARGO_MANIFEST_DIR"));
            let builder = ::confiture_fixtures::TestDb::builder(package.join(#directory))
                #(.at(#at))*
                #(.rows(#rows))*
                #(.seed(#seed))*
                #(.layout(#layout))*
                #(.setup(package.join(#setup)))*
                .label(::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)));
            ::confiture_fixtures::run_test(builder, #panics, body)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error for an attribute on a function.
    fn error(arguments: TokenStream, function: TokenStream) -> String {
        expand(arguments, function).expect_err("refused").to_string()
    }

    #[test]
    fn every_argument_reaches_the_builder() {
        let arguments = quote! { migrations = "db", at = "0007", rows = 100, seed = 7, layout = "sqlx", setup = ["a.sql", "b.sql"] };
        let function = quote! { #[should_panic] async fn works(db: TestDb) -> Result<(), E> { Ok(()) } };
        let text = expand(arguments, function).expect("a test").to_string();
        for part in [
            "\"db\"",
            ". at (\"0007\")",
            ". rows (100)",
            ". seed (7)",
            ". layout (\"sqlx\")",
            "\"a.sql\"",
            "\"b.sql\"",
            "builder , true , body",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let text = expand(quote! {}, quote! { async fn f(db: TestDb) {} }).expect("a test").to_string();
        assert!(
            text.contains("\"migrations\"")
                && !text.contains(". at")
                && text.contains("builder , false , body")
        );
    }

    #[test]
    fn slips_are_errors_that_say_what_there_is() {
        let function = quote! { async fn f(db: TestDb) {} };
        let known = "unknown argument `migration`; there are: migrations, at, rows, seed, layout, setup";
        assert_eq!(error(quote! { migration = "x" }, function.clone()), known);
        assert_eq!(error(quote! { at = "1", at = "2" }, function.clone()), "`at` is given twice");
        assert_eq!(error(quote! { at = 7 }, function), "a version is a string, such as at = \"0007\"");
        let error = |function| error(quote! {}, function);
        assert_eq!(error(quote! { fn f(db: TestDb) {} }), "a test with a database is an `async fn`");
        assert_eq!(
            error(quote! { async fn f() {} }),
            "a test with a database takes one argument, `db: TestDb`"
        );
        assert_eq!(error(quote! { async fn f<T>(db: T) {} }), "a test cannot be generic");
    }
}
