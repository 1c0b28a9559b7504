/** A proxy before a group of servers. Experimental: names and shapes may change between minor versions. */

export type { GroupProxy, ProxyOptions, ProxyStatus } from './proxy/contract.ts';
export type { DoorStanding, HostPort } from './proxy/door.ts';
export * from './proxy/errors.ts';
export { type ProxyHttp, ProxyHttpListenError, serveProxyHttp } from './proxy/http.ts';
export type { ProxyNotice } from './proxy/notices.ts';
export { startProxy } from './proxy/proxy.ts';
export { defaultProxyLimits, type ProxyLimits, type ServerKind } from './proxy/settings.ts';
