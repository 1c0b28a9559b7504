/** A node whose process another one started, and watches: it shows what it does while it is looked at, and takes faults. */

import type { Subscription } from 'rxjs';
import { createLinkFaults, type LinkFaults } from '../../bus/link-faults.ts';
import type { Shown } from '../../dashboard/feed.ts';
import { feedOf } from '../../dashboard/node-feed.ts';
import { storeOperationsOf } from '../../dashboard/store-operations.ts';
import type { Environment } from '../../environment/environment.ts';
import type { Node } from '../../host/node.ts';
import { createDiskFaults, type DiskFaults } from '../../journal/disk-faults.ts';
import { type Instruction, instructionIn } from '../watching.ts';

/** The faults that may be ordered of a node's links and disk. */
export interface OrderedFaults {
  readonly links: LinkFaults;
  readonly disk: DiskFaults;
}

/** None so far. */
export const orderedFaults = ({ clock, randomness }: Environment): OrderedFaults => ({
  links: createLinkFaults({ clock, random: randomness.stream('faults') }),
  disk: createDiskFaults(clock),
});

/** How long items are gathered before they are passed on together, in milliseconds. */
const gatherMs = 100;

/** Items that wait to be passed on, at most; what is more is told in numbers. */
const waitingItems = 2_000;

/** The channel to the process that watches. */
export interface Channel {
  /** Calls `onDone` when it can take more. */
  send(message: object, onDone: () => void): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** The channel of this process; undefined where none started it that watches. */
export function parentChannel(): Channel | undefined {
  if (process.send === undefined) return undefined;
  return {
    send(message, onDone) {
      if (process.connected) process.send?.(message, undefined, {}, () => onDone());
    },
    onMessage: (listener) => void process.on('message', listener),
  };
}

/** Shows `node` over `channel` while it is looked at, and carries out what is ordered. */
export function obey(node: Node, faults: OrderedFaults, channel: Channel, { clock }: Environment): void {
  const gathered = gathering(channel, (run) => void clock.setTimeout(run, gatherMs));
  let feed: Subscription | undefined;
  const watch = (isWatched: boolean): void => {
    feed?.unsubscribe();
    feed = undefined;
    if (!isWatched) return;
    feed = feedOf(node, gathered, { clock, lost: faults.links.lost });
    feed.add(storeOperationsOf(node, gathered, { clock }));
  };
  const carryOut = (instruction: Instruction): void => {
    switch (instruction.type) {
      case 'watch':
        watch(instruction.isWatched);
        break;
      case 'link':
        faults.links.set(instruction.peer, instruction);
        break;
      case 'disk':
        faults.disk.set(instruction);
        break;
      case 'heal':
        faults.links.heal();
        faults.disk.set({});
        break;
    }
  };
  channel.onMessage((message) => {
    const instruction = instructionIn(message);
    if (instruction !== undefined) carryOut(instruction);
  });
}

/** Passes items on together, each lot when the one before was taken. */
function gathering(channel: Channel, later: (run: () => void) => void): (item: Shown) => void {
  let waiting: Shown[] = [];
  let leftOut: Record<string, number> = {};
  let isBusy = false;
  const pass = (): void => {
    const items = waiting;
    waiting = [];
    const [first] = items;
    if (first !== undefined && Object.keys(leftOut).length > 0) {
      const { node, atMs } = items.at(-1) ?? first;
      items.push({ type: 'summary', node, atMs, counts: leftOut, reason: 'the dashboard is slower than the node' });
      leftOut = {};
    }
    channel.send({ type: 'shown', items }, () => {
      isBusy = waiting.length > 0;
      if (isBusy) later(pass);
    });
  };
  return (item) => {
    if (waiting.length >= waitingItems) {
      leftOut = { ...leftOut, [item.type]: (leftOut[item.type] ?? 0) + 1 };
      return;
    }
    waiting.push(item);
    if (isBusy) return;
    isBusy = true;
    later(pass);
  };
}
