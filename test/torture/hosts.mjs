/**
 * `npm run torture:hosts [-- --transport tcp|tls|nats] [--protocol paxos]`: five hosts with addresses of their own. The test is
 * the router between them, so it runs in namespaces of its own, for networks, mounts and processes: whatever becomes of it, nothing of it is left.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { transport: { type: 'string' }, protocol: { type: 'string', default: 'raft' } },
});

/** Each program, and the package of Debian that has it. */
const needed = { ip: 'iproute2', tc: 'iproute2', nft: 'nftables', socat: 'socat', 'nats-server': 'nats-server' };
const path = `${process.env.PATH}:/usr/sbin:/sbin`;
const has = (program) => path.split(':').some((directory) => existsSync(`${directory}/${program}`));
const missing = Object.entries(needed).flatMap(([program, name]) => (has(program) ? [] : [`${program} (${name})`]));
const own = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
// Names of namespaces are files, which would stay.
const kept = 'mkdir -p /run/netns && mount -t tmpfs netns /run/netns';
const probe = spawnSync('unshare', [...own, 'sh', '-c', `${kept} && test -c /dev/net/tun && ip netns add probe`], {
  env: { ...process.env, PATH: path },
  encoding: 'utf8',
});

if (missing.length > 0 || probe.status !== 0) {
  const why =
    missing.length > 0
      ? `${missing.join(', ')} not found`
      : probe.stderr?.trim() || probe.error?.message || '/dev/net/tun is not there';
  process.stderr.write(
    `torture:hosts makes hosts of network namespaces, and cannot here: ${why}\n` +
      `It needs Linux, root with CAP_SYS_ADMIN and CAP_NET_ADMIN (a container: --privileged), /dev/net/tun, and the Debian packages ` +
      `${[...new Set(Object.values(needed))].join(', ')}.\n`,
  );
  process.exitCode = 1;
} else {
  const vitest = 'node_modules/vitest/vitest.mjs';
  const command = `${kept} && exec "$0" ${vitest} run --config test/torture/vitest.config.ts hosts.torture.ts`;
  const { status } = spawnSync('unshare', [...own, 'sh', '-c', command, process.execPath], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: path,
      TORTURE_PROTOCOL: values.protocol,
      TORTURE_SECONDS: process.env.TORTURE_SECONDS ?? '25',
      ...(values.transport === undefined ? {} : { TORTURE_TRANSPORT: values.transport }),
    },
  });
  process.exitCode = status ?? 1;
}
