/** The node of `quorate node`, started from its options and the files that they name. */

import { readSecretFile } from '../../bus/tcp/secret/file.ts';
import type { HostPort, OpenClients } from '../../bus/tcp.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Environment } from '../../environment/environment.ts';
import type { KeyValueNode, KeyValueNodeOptions } from '../../services/kv-node.ts';
import type { Durability } from '../../services/store/log/primary-backup/founding.ts';
import { durabilityIn, type LogProtocolName } from '../../services/store/log/protocol-names.ts';
import type { DashboardOption } from '../dashboard.ts';
import type { Peers } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { type TimingOptions, timingIn } from '../timing.ts';
import { checkMembers, checkSecurity } from './checks.ts';
import { followGrants, openAudit, readGrants } from './grants-file.ts';
import type { LogForm, Notice } from './reporting.ts';
import { followTls, readTls, tlsFilesIn } from './tls-files.ts';

/** What the command line gives. */
export interface NodeOptions extends Durability, TimingOptions {
  readonly id: string;
  readonly listen: HostPort;
  readonly http: HostPort;
  readonly httpName?: readonly string[];
  readonly data: string;
  readonly peer?: Peers;
  readonly join?: true;
  readonly cluster?: string;
  readonly protocol?: LogProtocolName;
  readonly secretFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: true;
  readonly tokens?: string;
  readonly auditLog?: string;
  readonly openClients?: true | OpenClients;
  readonly nats?: string;
  readonly inspect?: true | number;
  readonly dashboard?: DashboardOption;
  readonly watched?: true;
  readonly logs?: LogForm;
  readonly json?: true;
}

export interface Started {
  readonly node: KeyValueNode & { readonly httpUrl: string };
  /** Takes up what changes in the files that the node was told. @returns ends it */
  readonly followFiles: (clock: Clock, notice: Notice) => () => void;
  /** Writes what waits. */
  readonly closeFiles: () => Promise<void>;
}

/** @throws ClusterOptionsError, FileError, KeyExposedError, and what `startKeyValueNode` and secrets throw */
export async function startNode(
  options: NodeOptions,
  terminal: Terminal,
  environment: Environment,
  faults: KeyValueNodeOptions['faults'],
): Promise<Started> {
  const {
    id,
    cluster,
    data,
    listen,
    http,
    httpName = [],
    peer = new Map(),
    join,
    protocol,
    nats,
    openClients,
  } = options;
  const files = tlsFilesIn(options);
  checkMembers(options);
  checkSecurity(options, files);
  const tls = files && (await readTls(files));
  const secret = options.secretFile === undefined ? undefined : readSecretFile(options.secretFile);
  const tokens = options.tokens === undefined ? undefined : await readGrants(options.tokens);
  const auditFile = options.auditLog === undefined ? undefined : await openAudit(options.auditLog, id, terminal);
  // Loaded here, so that other commands, and mistakes in this one, need not wait for all of a node.
  const { startKeyValueNode } = await import('../../services/kv-node.ts');
  const node = await startKeyValueNode({
    id,
    ...(cluster === undefined ? {} : { cluster }),
    dataDirectory: data,
    listen,
    http: { ...http, hostNames: httpName },
    peers: Object.fromEntries(peer),
    joins: join === true,
    ...(protocol === undefined ? {} : { protocol }),
    ...(nats === undefined ? {} : { nats }),
    ...durabilityIn(options),
    timing: timingIn(options),
    ...(secret === undefined ? {} : { secret }),
    ...(tls === undefined ? {} : { tls }),
    ...(openClients === undefined ? {} : { openClients: openClients === true ? 'all' : openClients }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(auditFile === undefined ? {} : { audit: auditFile.audit }),
    pid: process.pid,
    environment,
    ...(faults === undefined ? {} : { faults }),
    onUnexpected: (error) => terminal.err(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  });
  return {
    node,
    followFiles(clock, notice) {
      const followed = [
        ...(files === undefined || tls === undefined ? [] : [followTls({ files, first: tls, node, clock, notice })]),
        ...(options.tokens === undefined || tokens === undefined
          ? []
          : [followGrants({ file: options.tokens, first: tokens, node, clock, notice })]),
      ];
      return () => {
        for (const end of followed) end();
      };
    },
    closeFiles: () => auditFile?.close() ?? Promise.resolve(),
  };
}
