/** The file that `quorate txn` reads: which manager it is about, where it answers, and what its resources are. */

import * as v from 'valibot';
import type { Environment } from '../../environment/environment.ts';
import type { Journal } from '../../journal/journal.ts';
import { openEmbeddedStore } from '../../resources/embedded/store.ts';
import { mariadb } from '../../resources/mariadb.ts';
import { postgres } from '../../resources/postgres.ts';
import type { Participating } from '../../services/transactions/work.ts';
import { hostPort, nodeId, readJson } from '../config/values.ts';
import { FileError } from '../errors.ts';
import type { Security } from '../node/tls-files.ts';

const url = v.pipe(v.string(), v.url());
const resource = v.variant('type', [
  v.object({ type: v.literal('postgres'), url }),
  v.object({ type: v.literal('mariadb'), url }),
  /** In the journal of the manager's node: reachable only while no manager runs. */
  v.object({ type: v.literal('embedded') }),
]);

/** How long a majority of the other nodes is waited for by default, in milliseconds. */
export const majorityTimeoutMs = 10_000;

const together = {
  /** The other nodes that replicate the register, or are acceptors, and where their buses listen. */
  peers: v.record(nodeId, hostPort),
  /** Where this node's bus is to listen, if that is not `address`: such as 0.0.0.0 and its port. */
  listen: v.optional(hostPort),
  /** How long a majority of the nodes is waited for, in milliseconds. */
  timeoutMs: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0, 'expected a number above 0')), majorityTimeoutMs),
};
const register = v.strictObject({
  /** Of the store that keeps it, as `startReplicatedStore` is told. */
  key: v.pipe(v.string(), v.minLength(1, 'expected the key of the store that keeps the register')),
  ...together,
});
const nodes = v.pipe(v.array(nodeId), v.minLength(1, 'expected the acceptors'));
const acceptors = v.strictObject({
  /** As `paxosCommit` is told. */
  nodes,
  former: v.optional(v.array(nodes), []),
  ...together,
});
/** Where decisions are kept that outlive their coordinators' nodes. */
export type RegisterConfig = v.InferOutput<typeof register>;
export type AcceptorsConfig = v.InferOutput<typeof acceptors>;
/** What both say of the other nodes. */
export type TogetherConfig = Omit<RegisterConfig, 'key'>;

const config = v.strictObject({
  /** The node whose manager it is. */
  node: nodeId,
  /** Where the node's bus listens. */
  address: v.optional(hostPort),
  cluster: v.optional(v.string()),
  /** The secret that the nodes of the cluster share; needed to take the node's place, or to ask it from elsewhere. */
  secretFile: v.optional(v.string()),
  /** The node's journal; opened only when no manager runs. */
  dataDirectory: v.optional(v.string()),
  /** The resource that decides by its own commit, as the manager has it. */
  last: v.optional(v.string()),
  /** The decision register, as the manager has it; needed only when no manager runs. */
  register: v.optional(register),
  /** The acceptors, as the manager has them; likewise. */
  acceptors: v.optional(acceptors),
  resources: v.record(v.string(), resource),
});

/** What the file says, and the options: as what the node shows itself, in whose place the command is. */
export type TxnConfig = v.InferOutput<typeof config> & { readonly security?: Security };

/** What does not fit together, and where it stands. */
function faultOf(given: v.InferOutput<typeof config>): string | undefined {
  const { node, last, address, secretFile, register: inRegister, acceptors: withAcceptors } = given;
  if (inRegister !== undefined && withAcceptors !== undefined) {
    return "acceptors: a transaction is decided in one place: give either 'register' or 'acceptors'";
  }
  const [where, kept] =
    inRegister === undefined ? (['acceptors', withAcceptors] as const) : (['register', inRegister] as const);
  if (kept === undefined) return undefined;
  if (Object.hasOwn(kept.peers, node)) return `${where}: expected the other nodes, got '${node}' itself; leave it out`;
  if (last !== undefined) {
    return `${where}: a transaction is decided in one place: give either 'last' or '${where}'`;
  }
  if (kept.listen === undefined && address === undefined) {
    return `${where}: expected 'listen', or the node's 'address': there the other nodes look for it`;
  }
  if (secretFile === undefined && Object.keys(kept.peers).length > 0) {
    return `${where}: expected 'secretFile', as nodes prove to each other that they share a secret`;
  }
  const stranger = withAcceptors?.nodes.find((it) => it !== node && !Object.hasOwn(withAcceptors.peers, it));
  return stranger === undefined ? undefined : `acceptors: expected the address of acceptor '${stranger}' among 'peers'`;
}

/** Reads the file. @throws FileError when it cannot be read, or is not what it should be */
export function readTxnConfig(path: string): TxnConfig {
  const parsed = v.safeParse(config, readJson(path));
  if (parsed.success) {
    const fault = faultOf(parsed.output);
    if (fault === undefined) return parsed.output;
    throw new FileError(`'${path}' is malformed at ${fault}`);
  }
  const [issue] = parsed.issues;
  throw new FileError(`'${path}' is malformed at ${v.getDotPath(issue) ?? 'its top'}: ${issue.message}`);
}

/** Makes the resources; embedded ones only over the journal that holds them. */
export function resourcesOf(
  { resources }: TxnConfig,
  environment: Environment,
  journal?: Journal,
): Readonly<Record<string, Participating>> {
  const made: Record<string, Participating> = {};
  for (const [name, how] of Object.entries(resources)) {
    if (how.type === 'postgres') made[name] = postgres(how.url, { name, environment, maxSessions: 2 });
    else if (how.type === 'mariadb') made[name] = mariadb(how.url, { name, environment, maxSessions: 2 });
    else if (journal !== undefined) made[name] = openEmbeddedStore({ journal, clock: environment.clock, name });
  }
  return made;
}
