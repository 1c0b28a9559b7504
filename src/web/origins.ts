/**
 * What an HTTP interface asks before it believes that a request comes from where it seems to. A browser on this machine
 * reaches ports of this machine for any page that it shows: the page of a foreign site, whose name was made to resolve
 * to 127.0.0.1 (DNS rebinding: the Host is foreign then), and a page that simply sends requests elsewhere (the Origin is
 * foreign then; for an image or a script there is none, and Sec-Fetch-Site tells it: W3C, Fetch Metadata Request Headers).
 * Programs such as curl name the host that they were told, and no origin.
 */

import { isIP } from 'node:net';

/** What a request says of where it comes from, and what it means to reach. */
export interface Claims {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly 'sec-fetch-site'?: string | undefined;
  readonly 'sec-fetch-mode'?: string | undefined;
  readonly 'sec-fetch-dest'?: string | string[] | undefined;
}

/** Whether `claims` may pass. */
export type OriginCheck = (claims: Claims) => boolean;

/**
 * Makes the check of one interface. A host is known by its address (no foreign site's name is one), as `localhost`, or by
 * one of `names`; an origin is this interface's own, under the host that the request names. A link that a person follows may
 * stand on any page.
 *
 * @param names further names under which the interface is reached, without ports, in any case
 */
export function originCheck(names: readonly string[] = []): OriginCheck {
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())]);
  const isKnown = (hostname: string): boolean =>
    known.has(hostname) || hostname.endsWith('.localhost') || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
  return ({ host, origin, ...fetched }) => {
    if (isForAnotherPage(fetched)) return false;
    const own = host === undefined ? undefined : urlOf(`http://${host}`);
    if (host !== undefined && (own === undefined || !isKnown(own.hostname))) return false;
    if (origin === undefined) return true;
    return own !== undefined && urlOf(origin)?.host === own.host;
  };
}

const isForAnotherPage = (fetched: Omit<Claims, 'host' | 'origin'>): boolean =>
  (fetched['sec-fetch-site'] === 'cross-site' || fetched['sec-fetch-site'] === 'same-site') &&
  !(fetched['sec-fetch-mode'] === 'navigate' && fetched['sec-fetch-dest'] === 'document');

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);
