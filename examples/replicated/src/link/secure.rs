//! Mutual TLS: who connects shows a certificate of this cluster, and its name is the node's.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::Failure;

const AUTHORITY: &str = "cluster.pem";
const CERTIFICATE: &str = "node.pem";
const KEY: &str = "node.key";

/// The certificate of this node, and the authority of the cluster.
#[derive(Clone)]
pub struct Identity {
    connector: TlsConnector,
    acceptor: TlsAcceptor,
}

/// Makes an authority, and in each folder a certificate with the name of the node. The key of the
/// authority is thrown away: nobody can sign another one.
pub fn make_certificates<'a>(
    nodes: impl IntoIterator<Item = (&'a str, &'a Path)>,
) -> Result<(), Failure> {
    let mut params = CertificateParams::new(Vec::<String>::new()).map_err(no_certificate)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().map_err(no_certificate)?;
    let authority = CertifiedIssuer::self_signed(params, key).map_err(no_certificate)?;
    for (name, folder) in nodes {
        let params = CertificateParams::new(vec![name.to_owned()]).map_err(no_certificate)?;
        let key = KeyPair::generate().map_err(no_certificate)?;
        let certificate = params.signed_by(&key, &authority).map_err(no_certificate)?;
        fs::create_dir_all(folder)?;
        fs::write(folder.join(AUTHORITY), authority.pem())?;
        fs::write(folder.join(CERTIFICATE), certificate.pem())?;
        fs::write(folder.join(KEY), key.serialize_pem())?;
    }
    Ok(())
}

fn no_certificate(error: impl std::fmt::Display) -> Failure {
    Failure(format!("no certificate: {error}"))
}

impl Identity {
    /// Reads the certificates in the folder of a node.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let certificate =
            |name: &str| CertificateDer::from_pem_file(folder.join(name)).map_err(no_certificate);
        let key = || PrivateKeyDer::from_pem_file(folder.join(KEY)).map_err(no_certificate);
        let mut roots = RootCertStore::empty();
        roots.add(certificate(AUTHORITY)?).map_err(no_certificate)?;
        let roots = Arc::new(roots);
        let verifier = WebPkiClientVerifier::builder(Arc::clone(&roots));
        let server = ServerConfig::builder()
            .with_client_cert_verifier(verifier.build().map_err(no_certificate)?)
            .with_single_cert(vec![certificate(CERTIFICATE)?], key()?)
            .map_err(no_certificate)?;
        let client = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate(CERTIFICATE)?], key()?)
            .map_err(no_certificate)?;
        Ok(Self {
            connector: TlsConnector::from(Arc::new(client)),
            acceptor: TlsAcceptor::from(Arc::new(server)),
        })
    }

    /// Greets the node of this name, and checks that it is that one.
    pub async fn connect(&self, stream: TcpStream, name: &str) -> io::Result<TlsStream<TcpStream>> {
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        Ok(self.connector.connect(name, stream).await?.into())
    }

    /// Lets a node in, and returns its name.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<(String, TlsStream<TcpStream>)> {
        stream.set_nodelay(true)?;
        let stream = self.acceptor.accept(stream).await?;
        let certificates = stream.get_ref().1.peer_certificates();
        let name = certificates.and_then(|all| name_in(all.first()?));
        let name = name.ok_or_else(|| io::Error::other("the certificate holds no name"))?;
        Ok((name, stream.into()))
    }
}

/// Returns the name in a certificate.
fn name_in(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    names.value.general_names.iter().find_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn identities(cluster: &str, names: &[&str]) -> Vec<Identity> {
        let top =
            std::env::temp_dir().join(format!("quorate_tls_{}_{cluster}", std::process::id()));
        let folders: Vec<_> = names.iter().map(|name| top.join(name)).collect();
        let nodes = names.iter().copied().zip(folders.iter().map(|folder| folder.as_path()));
        make_certificates(nodes).expect("the folder can be written");
        let read = folders.iter().map(|folder| Identity::read(folder).expect("just written"));
        let identities = read.collect();
        fs::remove_dir_all(top).expect("just written");
        identities
    }

    async fn greet(
        server: &Identity,
        client: &Identity,
        name: &str,
    ) -> (io::Result<String>, io::Result<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let accept = async {
            let (stream, _) = listener.accept().await?;
            let (name, mut stream) = server.accept(stream).await?;
            stream.write_all(b"!").await?;
            stream.flush().await?;
            Ok(name)
        };
        let connect = async {
            let stream = TcpStream::connect(address).await?;
            let mut stream = client.connect(stream, name).await?;
            // With TLS 1.3 a client learns only by reading that it was refused.
            stream.read_u8().await.map(|_| ())
        };
        tokio::join!(accept, connect)
    }

    #[tokio::test]
    async fn a_certificate_of_another_cluster_is_refused() {
        let (ours, theirs) = (identities("ours", &["a", "b"]), identities("theirs", &["a", "b"]));
        let (name, greeted) = greet(&ours[0], &ours[1], "a").await;
        assert_eq!((name.expect("let in"), greeted.is_ok()), ("b".to_owned(), true));
        // A foreign client, a foreign server, and a server of another name.
        let (name, greeted) = greet(&ours[0], &theirs[1], "a").await;
        assert!(name.is_err() && greeted.is_err());
        let (name, greeted) = greet(&theirs[0], &ours[1], "a").await;
        assert!(name.is_err() && greeted.is_err());
        let (_, greeted) = greet(&ours[0], &ours[1], "b").await;
        assert!(greeted.is_err());
    }
}
