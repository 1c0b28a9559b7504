/** Asking managers that speak TLS: by the word of the cluster's own authority, which `fetch` cannot be told of. */

import { RevocationsChangedError } from '../../../bus/errors.ts';
import { checkTrust, type TlsTrust } from '../../../bus/tcp.ts';
import { isOk, requestHttp } from '../../http/request.ts';
import type { AskManager } from './follow.ts';

/** Asks managers by a trust that can be replaced. */
export interface SecureAsking {
  readonly ask: AskManager;
  /**
   * Judges managers by another trust from now on. Where its list of revoked certificates is another one, what they are being asked
   * ends, to be asked anew.
   *
   * @throws TlsIdentityError when it is unusable; the former one stays
   */
  setTls(trust: TlsTrust): void;
}

/**
 * @param first its certificates must name the hosts under which managers are reached
 * @throws TlsIdentityError when it is unusable
 */
export function askingSecurely(first: TlsTrust): SecureAsking {
  checkTrust(first);
  let trust = first;
  let listed = new AbortController();
  return {
    async ask(url, { headers, signal }) {
      const { hostname, port, pathname, search } = new URL(url);
      const at = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 443) };
      const ending = AbortSignal.any([signal, listed.signal]);
      const answer = await requestHttp({ at, path: `${pathname}${search}`, headers, signal: ending, ...trust });
      return { ok: isOk(answer), status: answer.statusCode ?? 0, body: answer };
    },
    setTls(changed) {
      checkTrust(changed);
      const isListed = changed.crl === trust.crl;
      trust = changed;
      if (isListed) return;
      const former = listed;
      listed = new AbortController();
      former.abort(
        new RevocationsChangedError(
          'expected the manager to show its certificate again, as the list of revoked ones has changed',
        ),
      );
    },
  };
}
