/** Carries out the faults of a schedule: who is cut off from whom, which machine is down, which disk refuses. */

import type { Clock } from '../environment/clock.ts';
import { healthyDisk } from './disk.ts';
import type { Machine } from './machine.ts';
import { type Impairment, type SimulatedNetwork, unimpaired } from './network.ts';
import type { Application, OutsideServer, ServerCondition } from './scenario.ts';
import type { Fault } from './schedule.ts';

/** A server without faults. */
export const soundServer: ServerCondition = { breakProbability: 0, maxDelayMs: 1 };

const impairedBy = (before: Impairment, fault: Fault): Impairment => {
  if (fault.kind === 'loss') {
    return { ...before, lossProbability: Math.max(before.lossProbability, fault.probability) };
  }
  return fault.kind === 'delay' ? { ...before, delayMs: Math.max(before.delayMs, fault.delayMs) } : before;
};

/** The faults of a run, as they begin and end. */
export interface FaultDriver {
  /**
   * From now on nothing is wrong within `quorum`, nor with servers; everything else stays as it is.
   *
   * @param isAlone whether the others are cut off from it. Default false
   */
  heal(quorum: readonly string[], isAlone?: boolean): void;
}

/**
 * Schedules `faults`.
 *
 * @param faultyMs when a quorum will heal: what lasts until then is left as it is outside of it, and all else has ended
 * @param onChange hears of each beginning and end, for the event log
 * @param guard runs what may fail, such as booting a machine
 */
export function driveFaults<App extends Application>(
  faults: readonly Fault[],
  faultyMs: number,
  machines: ReadonlyMap<string, Machine<App>>,
  network: SimulatedNetwork,
  time: Clock,
  onChange: (fault: Fault, isActive: boolean) => void,
  guard: (act: () => void) => void,
  servers: ReadonlyMap<string, OutsideServer> = new Map(),
): FaultDriver {
  const active = new Set<Fault>();
  let healthy: ReadonlySet<string> = new Set();
  let isHealed = false;
  let isQuorumAlone = false;

  const isCutBy = (fault: Fault, from: string, to: string): boolean => {
    switch (fault.kind) {
      case 'partition': {
        const [one] = fault.groups.filter((group) => group.includes(from));
        return one !== undefined && !one.includes(to);
      }
      case 'one-way':
        return fault.from === from && fault.to === to;
      case 'isolate':
        return fault.node === from || fault.node === to;
      case 'partial-partition':
        return fault.cut.includes(`${from}>${to}`);
      default:
        return false;
    }
  };
  const isSound = (from: string, to: string): boolean => healthy.has(from) && healthy.has(to);
  const refreshNetwork = (): void => {
    const now = [...active];
    network.setCut(
      (from, to) =>
        !isSound(from, to) &&
        ((isQuorumAlone && healthy.has(from) !== healthy.has(to)) || now.some((fault) => isCutBy(fault, from, to))),
    );
    network.setClogged(
      (from, to) =>
        !isSound(from, to) && now.some((fault) => fault.kind === 'clog' && fault.from === from && fault.to === to),
    );
    const impairing = now.filter((fault) => fault.kind === 'loss' || fault.kind === 'delay');
    network.setImpaired((from, to) =>
      isSound(from, to)
        ? unimpaired
        : impairing.filter((fault) => fault.from === from && fault.to === to).reduce(impairedBy, unimpaired),
    );
  };
  const refreshMachine = (machine: Machine<App>): void => {
    const mine = healthy.has(machine.id)
      ? []
      : [...active].filter((fault) => 'node' in fault && fault.node === machine.id);
    const slow = mine.reduce((most, fault) => (fault.kind === 'slow-disk' ? Math.max(most, fault.factor) : most), 1);
    const has = (kind: Fault['kind']): boolean => mine.some((fault) => fault.kind === kind);
    const { min, max } = healthyDisk.latencyMs;
    machine.disk.setCondition({
      latencyMs: { min: min * slow, max: max * slow },
      isStalled: has('stalled-disk'),
      ...(has('failing-disk') ? { refuses: 'failed' } : has('full-disk') ? { refuses: 'full' } : {}),
    });
    const drift = mine.find((fault) => fault.kind === 'drift');
    machine.setRate(drift?.kind === 'drift' ? drift.rate : 1);
    if (has('pause')) machine.pause();
    else machine.resume();
    if (has('crash') || has('wipe') || has('rollback')) machine.crash();
    else guard(() => machine.boot());
  };
  const down = new Set<string>();
  const refreshServer = (name: string): void => {
    const server = servers.get(name);
    if (server === undefined) return;
    const mine = isHealed ? [] : [...active].filter((fault) => 'server' in fault && fault.server === name);
    server.setCondition(
      mine.reduce(
        (worst, fault): ServerCondition =>
          fault.kind !== 'flaky'
            ? worst
            : {
                breakProbability: Math.max(worst.breakProbability, fault.breakProbability),
                maxDelayMs: Math.max(worst.maxDelayMs, fault.maxDelayMs),
              },
        soundServer,
      ),
    );
    if (mine.some(({ kind }) => kind === 'outage')) {
      if (!down.has(name)) server.crash();
      down.add(name);
    } else if (down.delete(name)) server.restart();
  };
  const refresh = (fault: Fault): void => {
    if ('server' in fault) refreshServer(fault.server);
    else if ('node' in fault && fault.kind !== 'isolate') {
      const machine = machines.get(fault.node);
      if (machine !== undefined) refreshMachine(machine);
    } else {
      refreshNetwork();
    }
  };
  const copies = new Map<Fault, ReadonlyMap<string, Uint8Array>>();
  for (const fault of faults) {
    if (fault.kind === 'rollback') {
      time.setTimeout(() => {
        const copy = machines.get(fault.node)?.disk.copy();
        if (copy !== undefined) copies.set(fault, copy);
      }, fault.copyAtMs);
    }
    time.setTimeout(() => {
      active.add(fault);
      onChange(fault, true);
      refresh(fault);
    }, fault.atMs);
    if (fault.untilMs >= faultyMs) continue;
    time.setTimeout(() => {
      active.delete(fault);
      onChange(fault, false);
      if (fault.kind === 'wipe') machines.get(fault.node)?.disk.wipe();
      const copy = copies.get(fault);
      if (fault.kind === 'rollback' && copy !== undefined) machines.get(fault.node)?.disk.restore(copy);
      refresh(fault);
    }, fault.untilMs);
  }
  return {
    heal(quorum, isAlone = false) {
      healthy = new Set(quorum);
      isQuorumAlone = isAlone;
      isHealed = true;
      refreshNetwork();
      for (const name of servers.keys()) refreshServer(name);
      for (const machine of machines.values()) if (healthy.has(machine.id)) refreshMachine(machine);
    },
  };
}
