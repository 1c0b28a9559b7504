/** What the tests of the fault detector share: the detector of n4 on n1, one of three, at whatever it knows. */

import type { Address, Send } from '../../../statecharts/actor.ts';
import {
  type FaultDetectorBegin,
  type FaultDetectorContext,
  type FaultDetectorMessage,
  faultDetector,
  faultDetectorAddress,
  type HeartbeatMessage,
  heartbeatAddress,
} from '../../../statecharts/failover.ts';

export const self = faultDetectorAddress('n1', 'n4');
export const [second, third] = [faultDetectorAddress('n2', 'n4'), faultDetectorAddress('n3', 'n4')] as const;
export const watched = heartbeatAddress('n4');

export const begin: FaultDetectorBegin = {
  detectors: ['n1', 'n2', 'n3'],
  estimator: { kind: 'fixed', timeoutMs: 250 },
};

/** A detector in its second life, as it begins. */
export const born = (input: FaultDetectorBegin = begin) => faultDetector.start({ lives: 1 }, { self, input });

/** What it knows as it waits for the answer to ping 7, which left at 10,700 ms; ping 6 was answered. */
export const knowing = (change: Partial<FaultDetectorContext> = {}): FaultDetectorContext => ({
  ...born().state.snapshot.context,
  startedMs: 10_000,
  sequence: 7,
  nextPingMs: 10_800,
  pingInMs: 100,
  estimate: { kind: 'fixed', timeoutMs: 250, lastMs: 10_601 },
  freshUntilMs: 10_851,
  freshForMs: 250,
  answered: 6,
  heardMs: 10_601,
  life: 3,
  ...change,
});

type Judging =
  | { readonly trusted: 'fresh' | 'probing' }
  | { readonly suspected: { readonly asking: 'waiting'; readonly standing: 'refutable' | 'unrefuted' } }
  | 'confirmed'
  | { readonly recovered: 'fresh' | 'probing' };

/** The detector where it stands. */
export const standing = (judging: Judging, change: Partial<FaultDetectorContext> = {}) =>
  faultDetector.at({ pinging: 'pausing', judging }, knowing(change));

export const suspecting = (change: Partial<FaultDetectorContext> = {}, at: 'refutable' | 'unrefuted' = 'refutable') =>
  standing(
    { suspected: { asking: 'waiting', standing: at } },
    { suspectedMs: 11_000, dueMs: 11_600, refutableForMs: 600, round: 1, suspecting: ['n1'], ...change },
  );

type Said = FaultDetectorMessage | HeartbeatMessage | { readonly type: 'stalled' };
export const sent = (to: Address, message: Said): Send<Said> => ({ type: 'send', to, message });
export const told = (opinion: string, atMs: number, why: object, change: object = {}) => ({
  type: 'deliver',
  output: { type: 'changed', watched: 'n4', by: self, opinion, atMs, life: 3, heardMs: 10_601, why, ...change },
});

/** An answer to ping `sequence` of this watch, by the third life of the node. */
export const ack = (sequence: number, atMs: number, change: object = {}) =>
  ({ type: 'ack', watch: 2, sequence, life: 3, relayedFor: null, from: watched, atMs, ...change }) as const;
