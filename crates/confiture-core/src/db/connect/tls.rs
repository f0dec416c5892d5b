//! TLS as `sslmode` asks for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::settings::Settings;
use crate::db::env::Env;
use crate::db::error::DbError;

/// `sslmode` (manual, 34.19.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    pub(crate) fn of(settings: &Settings) -> Result<Self, DbError> {
        let Some(text) = settings.get("sslmode") else {
            // With the system's roots anything weaker would be false comfort (libpq 16).
            let system = settings.get("sslrootcert") == Some("system");
            return Ok(if system { Self::VerifyFull } else { Self::Prefer });
        };
        Ok(match text {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err(DbError::Settings(format!("there is no sslmode {text:?}"))),
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// How the server's certificate is judged.
#[derive(Debug)]
enum Trust {
    /// Encryption only.
    Anyone,
    /// Signed by one of the roots.
    Chain(Roots),
    /// And made out to the host we connect to.
    ChainAndName(Roots),
}

#[derive(Debug)]
struct Roots {
    verifier: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

/// The TLS side of a connection that uses none.
pub(crate) fn none() -> MakeRustlsConnect {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier { trust: Trust::Anyone, provider: Arc::clone(&provider) };
    match builder(provider, verifier) {
        Ok(builder) => MakeRustlsConnect::new(builder.with_no_client_auth()),
        Err(error) => unreachable!("ring speaks TLS 1.2 and 1.3: {error}"),
    }
}

/// The TLS side of a connection with these settings.
pub(crate) fn connector(settings: &Settings, mode: Mode, env: &Env) -> Result<MakeRustlsConnect, DbError> {
    let home = env.os("HOME").map(|home| Path::new(home).join(".postgresql"));
    let usual = |name: &str| home.as_ref().map(|home| home.join(name)).filter(|path| path.is_file());
    let root = settings.get("sslrootcert").map(PathBuf::from).or_else(|| usual("root.crt"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = match (mode, root) {
        (Mode::VerifyFull, Some(root)) => Trust::ChainAndName(roots(&root, &provider)?),
        (Mode::VerifyCa, Some(root)) => Trust::Chain(roots(&root, &provider)?),
        (Mode::VerifyCa | Mode::VerifyFull, None) => {
            return Err(DbError::Settings(format!(
                "sslmode {} needs a root certificate: give sslrootcert=FILE, sslrootcert=system, or put \
                 one in ~/.postgresql/root.crt",
                mode.name()
            )));
        }
        // As libpq: require with a root certificate is verify-ca (manual, 34.19.1).
        (Mode::Require, Some(root)) => Trust::Chain(roots(&root, &provider)?),
        _ => Trust::Anyone,
    };
    let verifier = Verifier { trust, provider: Arc::clone(&provider) };
    let builder = builder(provider, verifier).map_err(|error| DbError::Settings(error.to_string()))?;
    let certificate = settings.get("sslcert").map(PathBuf::from).or_else(|| usual("postgresql.crt"));
    let key = settings.get("sslkey").map(PathBuf::from).or_else(|| usual("postgresql.key"));
    let (Some(certificate), Some(key)) = (certificate, key) else {
        return Ok(MakeRustlsConnect::new(builder.with_no_client_auth()));
    };
    let chain = certificates(&certificate)?;
    let key = PrivateKeyDer::from_pem_file(&key).map_err(|error| unreadable(&key, &error))?;
    let config =
        builder.with_client_auth_cert(chain, key).map_err(|error| DbError::Settings(error.to_string()))?;
    Ok(MakeRustlsConnect::new(config))
}

type Builder = rustls::ConfigBuilder<rustls::ClientConfig, rustls::client::WantsClientCert>;

fn builder(provider: Arc<CryptoProvider>, verifier: Verifier) -> Result<Builder, rustls::Error> {
    let builder =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)))
}

fn roots(root: &Path, provider: &Arc<CryptoProvider>) -> Result<Roots, DbError> {
    let certificates = if root == Path::new("system") {
        rustls_native_certs::load_native_certs().certs
    } else {
        certificates(root)?
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates.iter().cloned());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .build()
        .map_err(|error| DbError::Settings(format!("{} holds no usable root: {error}", root.display())))?;
    Ok(Roots { verifier, certificates })
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, DbError> {
    CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, error: &rustls::pki_types::pem::Error) -> DbError {
    DbError::Settings(format!("cannot read {}: {error}", file.display()))
}

impl Roots {
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        // A certificate that is itself the root is trusted as such; webpki wants a separate authority.
        if self.certificates.iter().any(|root| root.as_ref() == certificate.as_ref()) {
            let parsed = rustls::server::ParsedCertificate::try_from(certificate)?;
            return rustls::client::verify_server_name(&parsed, name);
        }
        self.verifier.verify_server_cert(certificate, chain, name, ocsp, now).map(drop)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = match &self.trust {
            Trust::Anyone => Ok(()),
            Trust::ChainAndName(roots) => roots.verify(certificate, chain, name, ocsp, now),
            // The chain is judged before the name.
            Trust::Chain(roots) => match roots.verify(certificate, chain, name, ocsp, now) {
                Err(rustls::Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
                )) => Ok(()),
                other => other,
            },
        };
        verified.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
