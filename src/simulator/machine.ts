/** A simulated machine: boots, crashes, pauses, and keeps its disk through all of it. */

import type { Clock } from '../environment/clock.ts';
import { seededIds } from '../environment/ids.ts';
import { seededRandomness } from '../environment/random.ts';
import { DiskError } from '../journal/disk.ts';
import type { Journal } from '../journal/journal.ts';
import { openJournalOn } from '../journal/segmented/open.ts';
import { createSimulatedDisk, type SimulatedDisk } from './disk.ts';
import { createMachineClock, type MachineClock } from './machine-clock.ts';
import type { SimulatedNetwork } from './network.ts';
import type { Application, MachineView, Play } from './scenario.ts';

/** A machine and the hand of fate on it. */
export interface Machine<App extends Application> extends MachineView<App> {
  readonly disk: SimulatedDisk;
  /** @throws whatever the application throws that is not the disk's refusal; a disk that refuses keeps it down */
  boot(): void;
  crash(): void;
  pause(): void;
  resume(): void;
  setRate(rate: number): void;
}

export interface MachineOptions<App extends Application> {
  readonly id: string;
  readonly machines: readonly string[];
  readonly seed: number;
  readonly time: Clock;
  readonly network: SimulatedNetwork;
  readonly play: Play<App>;
  readonly onBoot: (machine: Machine<App>) => void;
  readonly onDeath: (machine: Machine<App>) => void;
  /** A write of its journal has become durable. */
  readonly onFlushed?: () => void;
}

/** Small, so that a simulated run turns segments over as a real one does in days. */
const segmentBytes = 32 * 1024;

/** Makes a machine that is down, with an empty disk. */
export function createMachine<App extends Application>(options: MachineOptions<App>): Machine<App> {
  const { id, machines, seed, time, network, play } = options;
  const disk = createSimulatedDisk(seededRandomness(seed).stream(`disk/${id}`), options.onFlushed);
  let clock: MachineClock | undefined;
  let app: App | undefined;
  let journal: Journal | undefined;
  let isPaused = false;
  let rate = 1;
  let incarnation = 0;

  const crash = (): void => {
    if (clock === undefined) return;
    clock.kill();
    clock = undefined;
    app = undefined;
    journal = undefined;
    disk.crash();
    network.leave(id);
    options.onDeath(machine);
  };

  const machine: Machine<App> = {
    id,
    disk,
    get app() {
      return app;
    },
    get isPaused() {
      return isPaused;
    },
    get incarnation() {
      return incarnation;
    },
    boot() {
      // An operator who mends a disk starts anew what has given up on it.
      if (journal?.failure !== undefined) crash();
      if (clock !== undefined) return;
      incarnation += 1;
      const booting = createMachineClock(time);
      clock = booting;
      if (rate !== 1) booting.setRate(rate);
      if (isPaused) booting.pause();
      const randomness = seededRandomness(seed);
      const ids = seededIds(randomness.stream(`ids/${id}/${incarnation}`));
      const environment = {
        clock: booting,
        ids,
        randomness: { stream: (concern: string) => randomness.stream(`${concern}/${id}/${incarnation}`) },
      };
      try {
        journal = openJournalOn(disk.attach(booting), { node: id, clock: booting, ids, segmentBytes });
        const bus = network.join(id, booting);
        const { isCopy, settle: settleCopy } = disk;
        app = play.boot({ id, machines, bus, journal, environment, isCopy, settleCopy });
      } catch (error) {
        crash();
        if (error instanceof DiskError || (error instanceof Error && error.cause instanceof DiskError)) return;
        throw error;
      }
      const onFailure = (): void => {
        if (clock === booting) time.enqueue(() => clock === booting && crash());
      };
      app.node.failure.subscribe(onFailure);
      app.failure?.subscribe(onFailure);
      options.onBoot(machine);
    },
    crash,
    pause() {
      isPaused = true;
      clock?.pause();
    },
    resume() {
      isPaused = false;
      clock?.resume();
    },
    setRate(next) {
      rate = next;
      clock?.setRate(next);
    },
  };
  return machine;
}
