/** What stands in a configuration file of a group: its servers, its managers, and how they are to be. */

import * as v from 'valibot';
import { isId } from '../../../../statecharts/actor.ts';
import { groupModes } from '../../../../statecharts/failover/topology.ts';
import { groupName, maxServers, phases, readinesses, zoneName } from '../../../../statecharts/failover.ts';
import { oneOf, section } from '../../config/sections.ts';
import { hostPort } from '../../config/values.ts';

/** What a group can consist of. */
export const serverKinds = ['redis', 'postgres', 'script'] as const;
export type ServerKindName = (typeof serverKinds)[number];

const name = v.pipe(
  v.string(),
  v.check(isId, ({ received }) => `expected 1 to 64 letters, digits, '.', '-' or '_' as a name, got ${received}`),
);
const text = v.pipe(v.string('expected text'), v.minLength(1, 'expected text, got none'));
const natural = v.pipe(
  v.number('expected a whole number'),
  v.safeInteger('expected a whole number'),
  v.minValue(0, 'expected a number from 0 on'),
);
const positive = v.pipe(natural, v.minValue(1, 'expected a number from 1 on'));
const milliseconds = v.pipe(
  v.number('expected milliseconds, as a number'),
  v.finite('expected a finite number'),
  v.gtValue(0, 'expected a number above 0'),
);
const flag = v.boolean('expected true or false');
const command = v.pipe(
  v.array(text, 'expected a command and its arguments, as a list: ["systemctl", "start", "redis"]'),
  v.minLength(1, 'expected a command, got none'),
);
const url = v.pipe(
  v.string('expected a URL'),
  v.url('expected a URL'),
  v.check((it) => /^https?:$/.test(new URL(it).protocol), 'expected a URL of http or https'),
);

const manager = section({
  /** Where it listens for the other managers. */
  listen: hostPort,
  /** Where it serves HTTP. */
  http: hostPort,
  /** The directory of its durable data, for it alone; made when it is not there. From the file's own directory on. */
  data: text,
});

/** Of servers of all kinds. */
const server = {
  /** Where managers, clients and the other servers reach it. */
  address: hostPort,
  /** The greater, the rather it is chosen. */
  priority: v.optional(v.pipe(v.number('expected a number'), v.safeInteger('expected a whole number'))),
  standby: v.optional(oneOf(readinesses)),
  /** What it fails together with, such as a rack or a site. */
  zone: v.optional(zoneName),
  /** Whether it may be primary, and its confirmations count. */
  promotable: v.optional(flag),
  maxLagBytes: v.optional(natural),
};
const commands = { start: v.optional(command), stop: v.optional(command) };
/** How managers are let in. */
const login = { username: v.optional(text), passwordFile: v.optional(text) };
/** Servers that speak TLS; files of PEM, from the file's own directory on. */
const tls = v.pipe(
  section({
    /** Who has signed the servers' certificates; default whom this machine believes. */
    caFile: v.optional(text),
    /** Our own certificate, where servers want one. */
    certFile: v.optional(text),
    keyFile: v.optional(text),
    /** The name in the servers' certificates, where that is not where they are reached. */
    serverName: v.optional(text),
  }),
  v.check(
    (it) => (it.certFile === undefined) === (it.keyFile === undefined),
    "expected 'certFile' and 'keyFile', or none of them",
  ),
);

const hook = v.pipe(
  section({
    /** The phases with whose beginning it is called; all by default. */
    on: v.exactOptional(
      v.pipe(v.array(oneOf(phases), 'expected a list of phases'), v.minLength(1, 'expected some phases')),
    ),
    command: v.exactOptional(command),
    url: v.exactOptional(url),
    timeoutMs: v.exactOptional(milliseconds),
  }),
  v.check((it) => (it.command === undefined) !== (it.url === undefined), "expected either 'command' or 'url'"),
);

const detector = section({
  estimator: v.exactOptional(
    v.variant(
      'kind',
      [
        section({ kind: v.literal('fixed'), timeoutMs: milliseconds }),
        section({
          kind: v.literal('phi'),
          threshold: v.number(),
          windowSize: natural,
          minDeviationMs: milliseconds,
          firstIntervalMs: milliseconds,
        }),
        section({ kind: v.literal('nfd-e'), intervalMs: milliseconds, slackMs: v.number(), windowSize: natural }),
      ],
      "expected a 'kind' of estimator: 'fixed', 'phi' or 'nfd-e'",
    ),
  ),
  intervalMs: v.exactOptional(milliseconds),
  probeTimeoutMs: v.exactOptional(milliseconds),
  relays: v.exactOptional(natural),
  suspicionMinMs: v.exactOptional(milliseconds),
  suspicionMaxMs: v.exactOptional(milliseconds),
  stallMs: v.exactOptional(milliseconds),
  maxHealth: v.exactOptional(natural),
  settleAfter: v.exactOptional(positive),
});

const timing = section({
  lookIntervalMs: v.optional(milliseconds),
  operationDeadlineMs: v.optional(milliseconds),
  retryIntervalMs: v.optional(milliseconds),
  gatherTimeoutMs: v.optional(milliseconds),
  catchUpTimeoutMs: v.optional(milliseconds),
  promoteTimeoutMs: v.optional(milliseconds),
  settleAfter: v.optional(positive),
  lateAfter: v.optional(positive),
  failbackAfter: v.optional(positive),
  failAfter: v.optional(positive),
});

const named = <Each extends v.GenericSchema>(each: Each, most: number, what: string) =>
  v.pipe(
    v.record(name, each, `expected an object with the ${what} by their names`),
    v.check((all) => Object.keys(all).length >= 1, `expected one of them or more, got none`),
    v.check((all) => Object.keys(all).length <= most, `expected at most ${most}`),
  );

/** The part that does not depend on what the servers are. */
const group = {
  group: groupName,
  mode: v.optional(oneOf(groupModes), 'durable'),
  /** Of mode `durable`: how many standbys hold a write before it is acknowledged. Default 1. */
  confirmations: v.optional(positive),
  managers: named(manager, 7, 'managers'),
  secretFile: v.optional(text),
  /** Who is primary first; afterwards the managers know. */
  primary: v.optional(name),
  /** What the other servers hold and that one does not is thrown away then. */
  discardOthers: v.optional(flag),
  standbys: v.optional(natural),
  failback: v.optional(oneOf(['manual', 'automatic'])),
  /** So many failovers in a row may begin before the last one has settled. */
  maxFlaps: v.optional(natural),
  detector: v.optional(detector),
  timing: v.optional(timing),
  hooks: v.optional(v.pipe(v.array(hook, 'expected a list of hooks'), v.maxLength(16, 'expected at most 16 hooks'))),
  proxy: v.optional(
    section({
      listen: hostPort,
      reads: v.optional(hostPort),
      maxReadLagBytes: v.optional(natural),
      /** What `quorate secret http` prints, by which managers of other machines let the proxy ask; default what `secretFile` gives. */
      tokenFile: v.optional(text),
    }),
  ),
};

/** A file as a whole, by the kind of its servers. */
export const groupSchemas = {
  redis: section({
    kind: v.literal('redis'),
    ...group,
    login: v.optional(section({ ...login, tls: v.optional(tls) })),
    servers: named(section({ ...server, ...commands }), maxServers, 'servers'),
  }),
  postgres: section({
    kind: v.literal('postgres'),
    ...group,
    /** A superuser, and the database that keeps the marks. */
    login: section({ ...login, username: text, database: v.optional(text, 'postgres') }),
    servers: named(
      section({
        ...server,
        /** Where the server's data and programs are on the managers' machine; without them it is not started or copied anew. */
        data: v.optional(text),
        binaries: v.optional(text),
        configFile: v.optional(text),
      }),
      maxServers,
      'servers',
    ),
  }),
  script: section({
    kind: v.literal('script'),
    ...group,
    servers: named(section({ ...server, command }), maxServers, 'servers'),
  }),
};

export type RedisGroupConfig = v.InferOutput<typeof groupSchemas.redis>;
export type PostgresGroupConfig = v.InferOutput<typeof groupSchemas.postgres>;
export type ScriptGroupConfig = v.InferOutput<typeof groupSchemas.script>;
/** A group as the file says it. */
export type FailoverConfig = RedisGroupConfig | PostgresGroupConfig | ScriptGroupConfig;
