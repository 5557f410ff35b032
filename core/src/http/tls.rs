//! TLS 1.2 or newer, with verification that cannot be turned off: the system's certificate
//! authorities, those that the host language's environment names, and those of the configuration.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_native_certs::{CertificateResult, load_certs_from_paths};

use crate::config::Language;
use crate::config::ResolvedConfig;
use crate::config::setting::{self, Setting};
use crate::error::{Error, ErrorKind};
use crate::http::files;
use crate::http::pem;
use crate::http::pinned::Pinned;
use crate::sys::channel::channel;
use crate::sys::thread::run_detached;
use crate::sys::variables::Variables;

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);
type Certificates = Vec<CertificateDer<'static>>;

/// Reads the files that the configuration names, to find mistakes before the first request. Blocks,
/// but for no longer than connecting may take.
pub(crate) fn check(config: &Arc<ResolvedConfig>) -> Result<(), Error> {
    if own_files(config).is_empty() {
        return Ok(());
    }
    let (done, checked) = channel();
    let allowed = config.connect_limit();
    let config = Arc::clone(config);
    let started = run_detached("seekauth-files", move || {
        done.send(named_authorities(&config).and(identity(&config)).map(|_| ()));
    });
    let unread = |problem: &str| {
        let what = "the files with certificates could not be read";
        Error::new(ErrorKind::Network, format!("{what}: {problem}"))
    };
    started.map_err(|problem| unread(&problem.to_string()))?;
    let late = |_| unread(&format!("it took longer than {allowed}"));
    checked.recv_timeout(allowed.left).map_err(late)?
}

/// All files that TLS depends on.
pub(crate) fn paths(config: &ResolvedConfig) -> Vec<PathBuf> {
    let mut paths = own_files(config);
    if let Some((_, path)) = bundle_in_place_of_the_systems(config) {
        paths.push(path);
    } else {
        let (file, folders) = systems(&config.variables);
        paths.extend(file.into_iter().chain(folders));
    }
    paths
}

/// The files are read anew: they may have been replaced since the client was made. Blocks.
pub(crate) fn config(config: &ResolvedConfig) -> Result<ClientConfig, Error> {
    config_verified_by(config, &|verifier| verifier)
}

/// The same, with something around what judges the server's certificate.
pub(crate) fn config_verified_by(
    config: &ResolvedConfig,
    around: &dyn Fn(Arc<dyn ServerCertVerifier>) -> Arc<dyn ServerCertVerifier>,
) -> Result<ClientConfig, Error> {
    let provider = provider();
    let named = named_authorities(config)?;
    let verifier = verifier_of_the_systems(config, &named, &provider)?;
    let verifier = around(Arc::new(Pinned::new(verifier, named)));
    let builder = trusting(verifier, provider)?;
    let mut config = match identity(config)? {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|_| {
            setting::CLIENT_KEY_FILE
                .invalid("must hold the private key of `client_certificate_file`")
        })?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// For a server that is not of the token's issuer: its authorities are those of `ca_file`, else the
/// system's, and it is not shown the client's certificate. Blocks.
#[cfg(feature = "redis")]
pub(crate) fn config_of_a_store(
    config: &ResolvedConfig,
    ca_file: Option<&str>,
) -> Result<ClientConfig, Error> {
    let provider = provider();
    let (verifier, named) = if let Some(path) = ca_file {
        let named = certificates(&setting::STORE_CA_FILE, path)?;
        (verifier(&[], &named, &provider)?, named)
    } else {
        (verifier_of_the_systems(config, &[], &provider)?, Vec::new())
    };
    Ok(trusting(Arc::new(Pinned::new(verifier, named)), provider)?.with_no_client_auth())
}

/// The authorities that are trusted, by what names them, a setting or a variable or nothing, and where they
/// lie. What the system judges by itself is not among them. Blocks.
#[cfg(feature = "doctor")]
pub(crate) fn authorities(
    config: &ResolvedConfig,
) -> Vec<(Option<&'static str>, PathBuf, Certificates)> {
    let mut found = Vec::new();
    let mut note = |name, path: PathBuf| {
        let (file, folder) =
            if path.is_dir() { (None, Some(&*path)) } else { (Some(&*path), None) };
        let read = load_certs_from_paths(file, folder).certs;
        found.push((name, path, read));
    };
    if let Some(path) = &config.ca_file {
        note(Some(setting::CA_FILE.name()), PathBuf::from(path));
    }
    if let Some(path) = node_extra(config) {
        note(Some("NODE_EXTRA_CA_CERTS"), path);
    }
    if let Some((variable, path)) = bundle_in_place_of_the_systems(config) {
        note(Some(variable), path);
        return found;
    }
    let named = |name| path_variable(&config.variables, name).map(|_| name);
    let (file, folders) = systems(&config.variables);
    if let Some(file) = file {
        note(named("SSL_CERT_FILE"), file);
    }
    for folder in folders {
        note(named("SSL_CERT_DIR"), folder);
    }
    found
}

/// The system's authorities, or those that the environment puts in their place, and those named.
fn verifier_of_the_systems(
    config: &ResolvedConfig,
    named: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    match bundle_in_place_of_the_systems(config) {
        Some((variable, path)) => verifier(&bundle(variable, &path)?, named, provider),
        None => systems_verifier(config, named, provider),
    }
}

fn trusting(
    verifier: Arc<dyn ServerCertVerifier>,
    provider: Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Error> {
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(|problem| {
        Error::new(ErrorKind::Internal, format!("TLS could not be set up: {problem}"))
    })?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier))
}

/// The cryptography of TLS: the program's own choice for the process, if it made one, else the one that
/// this library was built with.
fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().cloned().unwrap_or_else(built_in)
}

#[cfg(feature = "ring")]
fn built_in() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

#[cfg(not(feature = "ring"))]
fn built_in() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn own_files(config: &ResolvedConfig) -> Vec<PathBuf> {
    let named = [&config.ca_file, &config.client_certificate_file, &config.client_key_file];
    let named = named.into_iter().flatten().map(PathBuf::from);
    named.chain(node_extra(config)).collect()
}

fn node_extra(config: &ResolvedConfig) -> Option<PathBuf> {
    let is_node = config.language == Some(Language::Node);
    is_node.then(|| path_variable(&config.variables, "NODE_EXTRA_CA_CERTS")).flatten()
}

/// Those that are trusted besides the system's.
fn named_authorities(config: &ResolvedConfig) -> Result<Certificates, Error> {
    let mut authorities = match &config.ca_file {
        Some(path) => certificates(&setting::CA_FILE, path)?,
        None => Vec::new(),
    };
    if RootCertStore::empty().add_parsable_certificates(authorities.iter().cloned()).1 > 0 {
        return Err(setting::CA_FILE.invalid("must hold certificates in PEM form"));
    }
    if let Some(path) = node_extra(config) {
        // Node itself goes on without a file that it cannot read.
        authorities.extend(load_certs_from_paths(Some(&path), None).certs);
    }
    Ok(authorities)
}

/// The authorities that the environment puts in the place of the system's, as `requests` does.
/// (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded where the system's are read.)
fn bundle_in_place_of_the_systems(config: &ResolvedConfig) -> Option<(&'static str, PathBuf)> {
    const CURL_BUNDLE: &str = "CURL_CA_BUNDLE";
    let path_variable = |name| path_variable(&config.variables, name);
    let is_set = |name| path_variable(name).is_some();
    match config.language {
        Some(Language::Python) => ["REQUESTS_CA_BUNDLE", CURL_BUNDLE]
            .into_iter()
            .find_map(|name| Some((name, path_variable(name)?))),
        Some(Language::Node) | None => {
            // Who has told curl of authorities does not expect to tell each program again.
            let are_named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(is_set);
            path_variable(CURL_BUNDLE).filter(|_| !are_named).map(|path| (CURL_BUNDLE, path))
        }
    }
}

fn bundle(variable: &str, path: &Path) -> Result<Certificates, Error> {
    let (file, folder) = if path.is_dir() { (None, Some(path)) } else { (Some(path), None) };
    let found = whole(load_certs_from_paths(file, folder))?;
    if found.is_empty() {
        return Err(Error::invalid(format!(
            "{variable} must name a file or folder of certificates in PEM form"
        )));
    }
    Ok(found)
}

/// The authorities that were read, unless some were missed for want of descriptors or the like.
fn whole(found: CertificateResult) -> Result<Certificates, Error> {
    use rustls_native_certs::ErrorKind as Kind;
    let missed = found.errors.iter().find_map(|problem| match &problem.kind {
        Kind::Io { inner, .. } if !files::is_about_the_file(inner) => Some(inner),
        _ => None,
    });
    match missed {
        None => Ok(found.certs),
        Some(problem) => Err(Error::new(
            ErrorKind::Network,
            format!("the system's certificate authorities could not be read: {problem}"),
        )),
    }
}

fn verifier(
    authorities: &[CertificateDer<'static>],
    named: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities.iter().chain(named).cloned());
    if roots.is_empty() {
        return Err(Error::new(
            ErrorKind::Network,
            "this system has no certificate authorities: install the package ca-certificates, or set `ca_file`",
        )
        .with_retryable(false));
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(provider));
    let verifier = verifier.build().map_err(|problem| {
        Error::new(ErrorKind::Internal, format!("TLS could not be set up: {problem}"))
    })?;
    Ok(verifier)
}

#[cfg(all(unix, not(target_vendor = "apple")))]
fn systems_verifier(
    config: &ResolvedConfig,
    named: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let (file, folders) = systems(&config.variables);
    let mut folders = folders.iter().map(PathBuf::as_path);
    // The first folder together with the file, which is often among what it holds.
    let mut systems = whole(load_certs_from_paths(file.as_deref(), folders.next()))?;
    for folder in folders {
        systems.extend(whole(load_certs_from_paths(None, Some(folder)))?);
    }
    if systems.is_empty()
        && let Some(authorities) = &config.fallback_authorities
        && let Some(pem) = authorities.pem()
    {
        systems = pem::certificates(&pem).unwrap_or_default();
    }
    verifier(&systems, named, provider)
}

/// The system judges by itself.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn systems_verifier(
    _: &ResolvedConfig,
    named: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    use rustls_platform_verifier::Verifier;
    let verifier = Verifier::new_with_extra_roots(named.iter().cloned(), Arc::clone(provider));
    let verifier = verifier.map_err(|problem| {
        let what = "the system's certificate authorities could not be read";
        Error::new(ErrorKind::Network, format!("{what}: {problem}"))
    })?;
    Ok(Arc::new(verifier))
}

/// Where the system's authorities are read from: a file, and folders.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn systems(variables: &Variables) -> (Option<PathBuf>, Vec<PathBuf>) {
    let file = path_variable(variables, "SSL_CERT_FILE");
    let folders = path_variable(variables, "SSL_CERT_DIR");
    if file.is_some() || folders.is_some() {
        let folders = folders.iter().flat_map(env::split_paths);
        return (file, folders.filter(|path| !path.as_os_str().is_empty()).collect());
    }
    // The file that is found may be the one that the process's own variable names.
    let is_overridden = env::var_os("SSL_CERT_FILE").is_some_and(|path| !path.is_empty());
    let file = if is_overridden { None } else { openssl_probe::probe().cert_file };
    (file, openssl_probe::candidate_cert_dirs().map(Path::to_owned).collect())
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn systems(_: &Variables) -> (Option<PathBuf>, Vec<PathBuf>) {
    (None, Vec::new())
}

fn path_variable(variables: &Variables, name: &str) -> Option<PathBuf> {
    variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn identity(config: &ResolvedConfig) -> Result<Option<Identity>, Error> {
    let Some(path) = &config.client_certificate_file else { return Ok(None) };
    let chain = certificates(&setting::CLIENT_CERTIFICATE_FILE, path)?;
    let (setting, path) = match &config.client_key_file {
        Some(path) => (setting::CLIENT_KEY_FILE, path),
        None => (setting::CLIENT_CERTIFICATE_FILE, path),
    };
    let text = zeroize::Zeroizing::new(bytes(&setting, path)?);
    let key = PrivateKeyDer::from_pem_slice(pem::without_bom(&text))
        .map_err(|_| setting.invalid("must hold a private key in PEM form"))?;
    Ok(Some((chain, key)))
}

fn certificates(setting: &Setting, path: &str) -> Result<Certificates, Error> {
    let bytes = bytes(setting, path)?;
    if bytes.starts_with(&[0x30, 0x82]) {
        return Err(setting.invalid(
            "must hold certificates in PEM form, and this is DER; convert it with: openssl x509 -inform der",
        ));
    }
    let certificates = pem::certificates(&bytes)
        .ok_or_else(|| setting.invalid("must hold certificates in PEM form"))?;
    if certificates.is_empty() {
        return Err(setting.invalid("must hold at least one certificate in PEM form"));
    }
    Ok(certificates)
}

fn bytes(setting: &Setting, path: &str) -> Result<Vec<u8>, Error> {
    files::read(Path::new(path)).map_err(|problem| {
        let name = setting.mention();
        if files::is_about_the_file(&problem) {
            let reason = reason(&problem);
            return setting.invalid(format!("could not be read as a file in PEM form: {reason}"));
        }
        Error::new(ErrorKind::Network, format!("{name} could not be read: {problem}"))
    })
}

/// The reason alone, in the words of this library where it is the one to refuse.
fn reason(problem: &std::io::Error) -> String {
    match problem.get_ref() {
        Some(own) => own.to_string(),
        None => problem.kind().to_string(),
    }
}
