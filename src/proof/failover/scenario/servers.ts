/** The servers of a simulated group, as faults befall them: they die, stand still, and lose touch with some or all. */

import { chance, pick, type Random } from '../../../environment/random.ts';
import { clients } from '../../../resources/managed/memory/network.ts';
import type { MemoryGroup } from '../../../resources/managed/memory.ts';
import { soundServer } from '../../../simulator/faults.ts';
import type { OutsideServer, ServerCondition } from '../../../simulator/scenario.ts';

export const serverNames = ['r1', 'r2', 'r3'] as const;

/** What a server that forgets may have lost when it starts again: its last writes, or everything. */
const forgotten = [0, 1, 5, Number.POSITIVE_INFINITY] as const;

/** What faults do to servers where that is not drawn. */
export interface FixedFaults {
  /** How many of its last writes a server that forgets has lost when it starts again. */
  readonly forgottenWrites?: number;
  /** Servers, managers and `clients` that one whose connections break is cut off from. */
  readonly cutOffFrom?: readonly string[];
}

export interface FaultyServerParts {
  readonly name: string;
  readonly group: MemoryGroup;
  /** The nodes of managers. */
  readonly machines: readonly string[];
  readonly isDurable: boolean;
  /** Those that do not run. */
  readonly down: Set<string>;
  readonly random: Random;
  readonly fixed: FixedFaults;
}

/**
 * A server of the group. One whose connections break is cut off from some of the servers, managers and clients; one that is
 * only slow stands still.
 */
export function faultyServer({
  name,
  group,
  machines,
  isDurable,
  down,
  random,
  fixed,
}: FaultyServerParts): OutsideServer {
  const others = [...serverNames.filter((it) => it !== name), ...machines, clients];
  return {
    crash() {
      down.add(name);
      group.crash(name);
    },
    restart() {
      down.delete(name);
      group.restart(name, isDurable ? 0 : (fixed.forgottenWrites ?? pick(random, forgotten) ?? 0));
    },
    setCondition({ breakProbability, maxDelayMs }: ServerCondition) {
      group.resume(name);
      for (const other of others) group.heal(name, other);
      if (breakProbability > 0) {
        for (const other of others) {
          if (fixed.cutOffFrom?.includes(other) ?? chance(random, 0.5)) group.cut(name, other);
        }
      } else if (maxDelayMs > soundServer.maxDelayMs) group.pause(name);
    },
  };
}
