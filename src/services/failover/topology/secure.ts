/** Asking managers that speak TLS: by the word of the cluster's own authority, which `fetch` cannot be told of. */

import { isOk, requestHttp } from '../../http/request.ts';
import type { AskManager } from './follow.ts';

/** @param ca certificates of the authority, PEM; they must name the hosts under which managers are reached */
export const askSecurely =
  (ca: string): AskManager =>
  async (url, { headers, signal }) => {
    const { hostname, port, pathname, search } = new URL(url);
    const at = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 443) };
    const answer = await requestHttp({ at, path: `${pathname}${search}`, headers, signal, ca });
    return { ok: isOk(answer), status: answer.statusCode ?? 0, body: answer };
  };
