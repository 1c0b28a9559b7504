/**
 * Certificates as RFC 5280 has them, of P-256 keys with ECDSA and SHA-256: an authority for one cluster, and what it says of a
 * node. They are encoded by `@peculiar/asn1-x509`, and signed by Node.
 */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  CertificateList,
  CRLNumber,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_cRLNumber,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  RevokedCertificate,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  TBSCertList,
  Time,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

/** A certificate and its private key, PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** For how long. */
export interface Lifetime {
  readonly from: Date;
  readonly days: number;
}

/** What a node's certificate says. */
export interface NodeNames {
  readonly id: string;
  /** How it names the node to others of its cluster. */
  readonly uri: string;
  /** Names and addresses under which the node is reached. */
  readonly hosts: readonly string[];
}

/** Makes an authority that signs certificates of nodes, and of no further authority. */
export function issueAuthority(name: string, lifetime: Lifetime): Issued {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = nameOf(name);
  return signed({ signer: privateKey, issuer: subject, subject, lifetime, publicKey }, privateKey, [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(identifierOf(publicKey))),
  ]);
}

/** Makes the certificate of a node, which serves and dials. @throws what Node says of an authority that does not read */
export function issueNode(authority: Issued, { id, uri, hosts }: NodeNames, lifetime: Lifetime): Issued {
  const signer = createPrivateKey(authority.key);
  const issuer = AsnConvert.parse(new X509Certificate(authority.cert).raw, Certificate).tbsCertificate.subject;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = [new GeneralName({ uniformResourceIdentifier: uri }), ...hosts.map(hostName)];
  const keyIdentifier = new KeyIdentifier(identifierOf(createPublicKey(signer)));
  return signed({ signer, issuer, subject: nameOf(id), lifetime, publicKey }, privateKey, [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth, id_kp_clientAuth])),
    extension(id_ce_subjectAltName, new SubjectAlternativeName(names)),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(identifierOf(publicKey))),
    extension(id_ce_authorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier })),
  ]);
}

/**
 * Makes the authority's list of revoked certificates, which is good for as long as the authority: it is replaced with the next
 * revocation, and one that expired would have nodes believe nobody.
 *
 * @param earlier the list so far, PEM
 * @param revoked the certificate to add, PEM
 * @throws what Node says of what does not read; Error when the authority signs no lists, or has not signed the certificate
 */
export function issueRevocations(authority: Issued, revoked: string, earlier: string | undefined, at: Date): string {
  const ca = new X509Certificate(authority.cert);
  const certificate = new X509Certificate(revoked);
  if (!certificate.verify(ca.publicKey)) throw new Error('the authority has not signed the certificate');
  const { subject, validity } = AsnConvert.parse(ca.raw, Certificate).tbsCertificate;
  if (!mayListRevoked(ca)) throw new Error('the authority may not sign lists; make another one, beside it in ca.pem');
  const { serialNumber: userCertificate } = AsnConvert.parse(certificate.raw, Certificate).tbsCertificate;
  const former = earlier === undefined ? undefined : AsnConvert.parse(derIn(earlier), CertificateList).tbsCertList;
  const others = (former?.revokedCertificates ?? []).filter(
    (it) => !Buffer.from(it.userCertificate).equals(Buffer.from(userCertificate)),
  );
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 });
  const tbsCertList = new TBSCertList({
    version: Version.v2,
    signature: signatureAlgorithm,
    issuer: subject,
    thisUpdate: new Time(new Date(at.getTime() - driftMs)),
    nextUpdate: validity.notAfter,
    revokedCertificates: [...others, new RevokedCertificate({ userCertificate, revocationDate: new Time(at) })],
    crlExtensions: [
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(identifierOf(ca.publicKey)) }),
      ),
      extension(id_ce_cRLNumber, new CRLNumber(at.getTime())),
    ],
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertList)), createPrivateKey(authority.key));
  const list = new CertificateList({ tbsCertList, signatureAlgorithm, signature: bufferOf(signature) });
  return pemOf('X509 CRL', Buffer.from(AsnConvert.serialize(list)));
}

/** RFC 5280, §6.3.3 (f): a list counts only where its signer's key may sign lists. */
function mayListRevoked({ raw }: X509Certificate): boolean {
  const { extensions = [] } = AsnConvert.parse(raw, Certificate).tbsCertificate;
  const usage = extensions.find(({ extnID }) => extnID === id_ce_keyUsage);
  return usage === undefined || (AsnConvert.parse(usage.extnValue, KeyUsage).toNumber() & KeyUsageFlags.cRLSign) !== 0;
}

const derIn = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');

interface Wanted {
  readonly signer: KeyObject;
  readonly issuer: Name;
  readonly subject: Name;
  readonly lifetime: Lifetime;
  readonly publicKey: KeyObject;
}

/** Clocks of other machines may be behind by so much, in milliseconds. */
const driftMs = 5 * 60_000;
const dayMs = 24 * 60 * 60_000;
const ecdsaWithSha256 = '1.2.840.10045.4.3.2';

function signed(wanted: Wanted, privateKey: KeyObject, extensions: readonly Extension[]): Issued {
  const { signer, issuer, subject, lifetime, publicKey } = wanted;
  const fromMs = lifetime.from.getTime();
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: signatureAlgorithm,
    issuer,
    validity: new Validity({
      notBefore: new Date(fromMs - driftMs),
      notAfter: new Date(fromMs + lifetime.days * dayMs),
    }),
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(derOf(publicKey), SubjectPublicKeyInfo),
    extensions: new Extensions([...extensions]),
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), signer);
  const certificate = new Certificate({ tbsCertificate, signatureAlgorithm, signatureValue: bufferOf(signature) });
  return {
    cert: pemOf('CERTIFICATE', Buffer.from(AsnConvert.serialize(certificate))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const hostName = (host: string): GeneralName =>
  new GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host });

const commonName = '2.5.4.3';
const nameOf = (text: string): Name =>
  new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: commonName, value: new AttributeValue({ utf8String: text }) }),
    ]),
  ]);

const extension = (extnID: string, value: object, critical = false): Extension =>
  new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });

/** Random, positive, and of no more than 20 bytes (RFC 5280, §4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.buffer;
}

const derOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** Of the public key (RFC 5280, §4.2.1.2, the first method but for the hash). */
const identifierOf = (key: KeyObject): ArrayBuffer =>
  bufferOf(createHash('sha256').update(derOf(key)).digest().subarray(0, 20));

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

const pemOf = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`;
