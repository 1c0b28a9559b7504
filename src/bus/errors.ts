/** What can go wrong on a bus, by name. Those of the wire are reported as notices and never thrown out of a bus. */

import { QuorateError } from '../../statecharts/actor.ts';
import type { RefusalCode } from './bus.ts';

/** Thrown by `send`: the envelope is larger than any frame that the transport carries. */
export class EnvelopeTooLargeError extends QuorateError {
  readonly code = 'ENVELOPE_TOO_LARGE';
}

/** Thrown by `send`: the message holds something that has no form on the wire, such as a cycle. */
export class EnvelopeNotEncodableError extends QuorateError {
  readonly code = 'ENVELOPE_NOT_ENCODABLE';
}

/** A certificate, a key or an authority that no secure channel can be made of, or a certificate of another node. */
export class TlsIdentityError extends QuorateError {
  readonly code = 'TLS_IDENTITY';
}

/** No secure channel came about with the side that connected. */
export class TlsHandshakeError extends QuorateError {
  readonly code = 'TLS_HANDSHAKE';
}

/** The side that was dialled shows a certificate that is not trusted. */
export class UntrustedCertificateError extends QuorateError {
  readonly code = 'UNTRUSTED_CERTIFICATE';
}

/** The list of revoked certificates has changed: the other side has to show again that it is not on it. */
export class RevocationsChangedError extends QuorateError {
  readonly code = 'REVOCATIONS_CHANGED';
}

/** Options that no bus can be made of. */
export class BusOptionsError extends QuorateError {
  readonly code = 'BUS_OPTIONS';
}

/** A node joined a network on which a node of that id is alive. */
export class NodeIdTakenError extends QuorateError {
  readonly code = 'NODE_ID_TAKEN';
}

/** The address to listen on is used by another process. */
export class AddressInUseError extends QuorateError {
  readonly code = 'ADDRESS_IN_USE';
}

/** The address to listen on cannot be used, for another reason than that it is taken. */
export class ListenError extends QuorateError {
  readonly code = 'LISTEN';
}

/** A frame announced more bytes than the limit allows. */
export class FrameTooLargeError extends QuorateError {
  readonly code = 'FRAME_TOO_LARGE';
}

/** A frame does not hold what frames of its kind hold. */
export class MalformedFrameError extends QuorateError {
  readonly code = 'MALFORMED_FRAME';
}

/** A connection ended in the middle of a frame. */
export class TruncatedFrameError extends QuorateError {
  readonly code = 'TRUNCATED_FRAME';
}

/** What was published to a node proves no member as its sender: a stranger's, or that of another cluster. */
export class ForgedMessageError extends QuorateError {
  readonly code = 'FORGED_MESSAGE';
}

/** What was published to a node was said before, or in a channel that is not open. */
export class ReplayedMessageError extends QuorateError {
  readonly code = 'REPLAYED_MESSAGE';
}

/** An envelope came from another node than it claims, or is for another node than this one. */
export class MisaddressedEnvelopeError extends QuorateError {
  readonly code = 'MISADDRESSED_ENVELOPE';
}

/** The other side did not complete the handshake in time. */
export class HandshakeTimeoutError extends QuorateError {
  readonly code = 'HANDSHAKE_TIMEOUT';
}

/** The other side said nothing for too long, although it was asked. */
export class PeerSilentError extends QuorateError {
  readonly code = 'PEER_SILENT';
}

/** Clients have begun more frames than there is room for; this one held most of it. */
export class ClientIntakeError extends QuorateError {
  readonly code = 'CLIENT_INTAKE';
}

/** A client took nothing of what waited for it, while much waited for all clients together. */
export class SlowClientError extends QuorateError {
  readonly code = 'SLOW_CLIENT';
}

/** A peer runs, and nothing answers where it is dialled: it listens elsewhere now, or connections to it are kept out. */
export class PeerMovedError extends QuorateError {
  readonly code = 'PEER_MOVED';
}

/** A connection could not be made, or broke. */
export class ConnectionError extends QuorateError {
  readonly code = 'CONNECTION';
}

/** There are as many accepted connections as the limit allows. */
export class TooManyConnectionsError extends QuorateError {
  readonly code = 'TOO_MANY_CONNECTIONS';
}

/** One of two sides refused the other in the handshake. */
export class HandshakeRefusedError extends QuorateError {
  readonly code = 'HANDSHAKE_REFUSED';
  readonly refusal: RefusalCode;
  /** Who refused. */
  readonly by: 'this-node' | 'peer';

  constructor(refusal: RefusalCode, by: 'this-node' | 'peer', message: string) {
    super(message);
    this.refusal = refusal;
    this.by = by;
  }
}
