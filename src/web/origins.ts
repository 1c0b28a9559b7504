/**
 * What an HTTP interface asks before it believes that a request comes from where it seems to. A browser on this machine
 * reaches ports of this machine for any page that it shows: the page of a foreign site, whose name was made to resolve
 * to 127.0.0.1 (DNS rebinding: the Host is foreign then), and a page that simply sends requests elsewhere (the Origin is
 * foreign then). Programs such as curl name the host that they were told, and no origin.
 */

import { isIP } from 'node:net';

/** What a request says of where it comes from, and what it means to reach. */
export interface Claims {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/** Whether `claims` may pass. */
export type OriginCheck = (claims: Claims) => boolean;

/**
 * Makes the check of one interface. A host is known by its address (no foreign site's name is one), as `localhost`, or by
 * one of `names`; an origin is this interface's own, under the host that the request names.
 *
 * @param names further names under which the interface is reached, without ports, in any case
 */
export function originCheck(names: readonly string[] = []): OriginCheck {
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())]);
  const isKnown = (hostname: string): boolean =>
    known.has(hostname) || hostname.endsWith('.localhost') || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
  return ({ host, origin }) => {
    const own = host === undefined ? undefined : urlOf(`http://${host}`);
    if (host !== undefined && (own === undefined || !isKnown(own.hostname))) return false;
    if (origin === undefined) return true;
    return own !== undefined && urlOf(origin)?.host === own.host;
  };
}

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);
