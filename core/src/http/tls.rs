//! TLS 1.2 or newer, with verification that cannot be turned off: the system's certificate
//! authorities, those that the host language's environment names, and those of the configuration.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::load_certs_from_paths;
use rustls_platform_verifier::Verifier;

use crate::config::Language;
use crate::config::ResolvedConfig;
use crate::config::setting::{self, Setting};
use crate::error::{Error, ErrorKind};

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Reads the files that the configuration names, to find mistakes before the first request.
pub(crate) fn check(config: &ResolvedConfig) -> Result<(), Error> {
    authorities(config)?;
    identity(config)?;
    Ok(())
}

/// The files are read anew: they may have been replaced since the client was made.
pub(crate) fn config(config: &ResolvedConfig) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let untrusted = |problem: rustls::Error| {
        Error::new(
            ErrorKind::Network,
            format!("the system's certificate authorities could not be read: {problem}"),
        )
    };
    let builder = ClientConfig::builder_with_provider(Arc::<CryptoProvider>::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(untrusted)?;
    let urls = [Some(&config.token_url), config.api_url.as_ref()];
    let builder = if urls.into_iter().flatten().all(|url| url.scheme() == "http") {
        // Loopback without TLS: the system's authorities take milliseconds and a megabyte.
        builder.with_root_certificates(RootCertStore::empty())
    } else if let Some(roots) = in_place_of_the_systems(config)? {
        builder.with_root_certificates(roots)
    } else {
        let verifier = Verifier::new_with_extra_roots(authorities(config)?, provider);
        let verifier = Arc::new(verifier.map_err(untrusted)?);
        builder.dangerous().with_custom_certificate_verifier(verifier)
    };
    let mut config = match identity(config)? {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|_| {
            setting::CLIENT_KEY_FILE.invalid("must hold the private key of client_certificate_file")
        })?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Those that are trusted besides the system's.
fn authorities(config: &ResolvedConfig) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut authorities = match &config.ca_file {
        Some(path) => certificates(&setting::CA_FILE, path)?,
        None => Vec::new(),
    };
    if config.language == Some(Language::Node)
        && let Some(path) = path_variable("NODE_EXTRA_CA_CERTS")
    {
        // Node itself goes on without a file that it cannot read.
        authorities.extend(load_certs_from_paths(Some(&path), None).certs);
    }
    Ok(authorities)
}

/// The authorities that the environment puts in the place of the system's, as `requests` does.
/// (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded where the system's are read.)
fn in_place_of_the_systems(config: &ResolvedConfig) -> Result<Option<RootCertStore>, Error> {
    const BUNDLE: &str = "REQUESTS_CA_BUNDLE";
    let path = match config.language {
        Some(Language::Python) => path_variable(BUNDLE),
        Some(Language::Node) | None => None,
    };
    let Some(path) = path else { return Ok(None) };
    let (file, folder) =
        if path.is_dir() { (None, Some(path.as_path())) } else { (Some(path.as_path()), None) };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(load_certs_from_paths(file, folder).certs);
    if roots.is_empty() {
        return Err(Error::invalid(format!(
            "{BUNDLE} must name a file or folder of certificates in PEM form"
        )));
    }
    roots.add_parsable_certificates(authorities(config)?);
    Ok(Some(roots))
}

fn path_variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn identity(config: &ResolvedConfig) -> Result<Option<Identity>, Error> {
    let Some(path) = &config.client_certificate_file else { return Ok(None) };
    let chain = certificates(&setting::CLIENT_CERTIFICATE_FILE, path)?;
    let (setting, path) = match &config.client_key_file {
        Some(path) => (setting::CLIENT_KEY_FILE, path),
        None => (setting::CLIENT_CERTIFICATE_FILE, path),
    };
    let key = PrivateKeyDer::from_pem_slice(&zeroize::Zeroizing::new(bytes(&setting, path)?))
        .map_err(|_| setting.invalid("must hold a private key in PEM form"))?;
    Ok(Some((chain, key)))
}

fn certificates(setting: &Setting, path: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes(setting, path)?)
        .collect::<Result<_, _>>()
        .map_err(|_| setting.invalid("must hold certificates in PEM form"))?;
    if certificates.is_empty() {
        return Err(setting.invalid("must hold at least one certificate in PEM form"));
    }
    Ok(certificates)
}

fn bytes(setting: &Setting, path: &str) -> Result<Vec<u8>, Error> {
    fs::read(path)
        .map_err(|problem| setting.invalid(format!("could not be read: {}", problem.kind())))
}
