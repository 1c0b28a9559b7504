/** What a group is configured to be: its servers, who is preferred, and how patient its managers are. */

import * as v from 'valibot';
import { isId } from '../../actor.ts';
import { FailoverConfigError } from '../errors.ts';
import { groupModes } from '../topology.ts';
import { byServer, maxServers, serverName } from './standing.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const positiveMs = v.pipe(v.number(), v.finite(), v.gtValue(0));

/**
 * How ready a standby is kept. `hot`: it follows, and its confirmations count. `warm`: it follows, and they do not. `cold`: it
 * is let alone until a ready one is missing.
 */
export const readinesses = ['hot', 'warm', 'cold'] as const;

/** The name of a group is part of the names of sessions, which PostgreSQL cuts off at 63 bytes; a term takes up to 16 of them. */
export const maxGroupLength = 40;
const groupWords = `expected 1 to ${maxGroupLength} letters, digits, '.', '-' or '_' as the name of a group`;

/** The name of a group. */
export const groupName = v.pipe(
  v.string(groupWords),
  v.check(isId, ({ received }) => `${groupWords}, got ${received}`),
  v.maxLength(maxGroupLength, ({ received }) => `${groupWords}, got ${received} of them`),
);

/** The name of a zone. */
export const zoneName = v.pipe(v.string('expected the name of a zone'), v.check(isId, 'expected the name of a zone'));

const server = v.strictObject({
  server: serverName,
  /** The greater, the rather it is chosen. Default 0. */
  priority: v.optional(v.pipe(v.number(), v.safeInteger()), 0),
  standby: v.optional(v.picklist(readinesses), 'hot'),
  /** What it fails together with, such as a rack or a site, by name. Default null: none. */
  zone: v.optional(v.nullable(zoneName), null),
  /** Default true; otherwise it is never chosen, and its confirmations do not count. */
  isPromotable: v.optional(v.boolean(), true),
  /** In `pass-through`: it is chosen only if it lacks no more, unless the operator allows it. Default null: any loss. */
  maxLagBytes: v.optional(v.nullable(natural), null),
  /** Whether it can be started by its manager. Default false. */
  canStart: v.optional(v.boolean(), false),
  /** Whether it can be stopped by its manager however it stands: what is done to an old primary that no fence reaches. Default false. */
  canStop: v.optional(v.boolean(), false),
});

const settings = v.strictObject({
  /** How often each server is looked at. Default 250. */
  lookIntervalMs: v.optional(positiveMs, 250),
  /** How long an operation at a server may take. Default 1,000, or what such servers take by themselves. */
  operationDeadlineMs: v.optional(positiveMs, 1_000),
  /** How long a server may take to start. Default 30,000. */
  startDeadlineMs: v.optional(positiveMs, 30_000),
  /** How long a server, or the register, is let alone after it did not do what it was asked. Default 200. */
  retryIntervalMs: v.optional(positiveMs, 200),
  /** How long a choice waits for those that are believed to live, when enough have answered. Default 300. */
  gatherTimeoutMs: v.optional(positiveMs, 300),
  /** How long a planned switchover waits for its target to have all of the primary's data. Default 5,000. */
  catchUpTimeoutMs: v.optional(positiveMs, 5_000),
  /** How long a candidate may take to become primary. Default 10,000. */
  promoteTimeoutMs: v.optional(positiveMs, 10_000),
  /** Looks at a primary that serves, after which a failover has settled. Default 20. */
  settleAfter: v.optional(positive, 20),
  /** Looks in a row at which a standby lags or is not linked, after which it is not in sync any more. Default 4. */
  lateAfter: v.optional(positive, 4),
  /** Looks in a row at which the preferred server is ready, after which it has its place again. Default 40. */
  failbackAfter: v.optional(positive, 40),
  /** Operations in a row that a server does not do, after which it has failed. Default 3. */
  failAfter: v.optional(positive, 3),
});
export type GroupSettings = Readonly<v.InferOutput<typeof settings>>;

const schema = v.pipe(
  v.strictObject({
    group: groupName,
    mode: v.picklist(groupModes),
    servers: v.pipe(v.array(server), v.minLength(1), v.maxLength(maxServers)),
    /** Who is primary first; by default the only server that is primary already, or the first by priority. */
    primary: v.optional(v.nullable(serverName), null),
    /** What servers hold that the first primary does not is discarded as the group is founded. Default false: it is not founded then. */
    discardOthers: v.optional(v.boolean(), false),
    /** How many standbys shall be ready; cold ones are started when there are fewer. Default: as many as are not cold. */
    standbys: v.optional(v.nullable(natural), null),
    failback: v.optional(v.picklist(['manual', 'automatic']), 'manual'),
    settings: v.optional(settings, {}),
  }),
  v.check(
    ({ servers }) => new Set(servers.map((it) => it.server)).size === servers.length,
    'a server that is named twice',
  ),
  v.check(
    ({ servers, primary }) => primary === null || servers.some((it) => it.server === primary && it.isPromotable),
    'a primary that is none of the servers, or may not be primary',
  ),
  v.check(
    ({ discardOthers, primary }) => !discardOthers || primary !== null,
    'data to be discarded, and no primary by name whose data are to stay',
  ),
  v.check(({ servers }) => servers.some((it) => it.isPromotable), 'a group none of whose servers may be primary'),
);
export type GroupPlan = Readonly<v.InferOutput<typeof schema>>;
export type ServerPlan = GroupPlan['servers'][number];
/** A plan as it is given: what is left out has its default. */
export type GivenGroupPlan = Readonly<v.InferInput<typeof schema>>;

/** The plan with its defaults, its servers sorted by name. @throws FailoverConfigError */
export function groupPlan(given: GivenGroupPlan): GroupPlan {
  const parsed = v.safeParse(schema, given);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const where = v.getDotPath(issue);
    throw new FailoverConfigError(
      `expected a group of servers, got ${where === null ? issue.message : `a wrong ${where}: ${issue.message}`}`,
    );
  }
  const { servers, ...rest } = parsed.output;
  return { ...rest, servers: [...servers].sort(byServer) };
}
