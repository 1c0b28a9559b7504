/** What goes wrong as a proxy starts. */

import { QuorateError } from '../../../statecharts/actor.ts';

/** A port for clients could not be opened. */
export class DoorListenError extends QuorateError {
  readonly code = 'DOOR_LISTEN';
}

/** What a proxy is to speak TLS with cannot be used: a certificate or a key is none, or they are not of each other. */
export class ProxyTlsError extends QuorateError {
  readonly code = 'PROXY_TLS';
}
