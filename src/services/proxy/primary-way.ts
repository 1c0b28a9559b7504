/**
 * The way to the primary of one epoch. Where replies are held, it is open only while a control session is: connections
 * belong to the session during which they were opened, and are cut with it.
 */

import type { Socket } from 'node:net';
import type { Topology } from '../../../statecharts/failover.ts';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import { messageOf } from '../../environment/message.ts';
import type { Way } from './door.ts';
import { type HeldBudget, HeldReplies } from './held-replies.ts';
import type { LinkControl } from './link.ts';
import { PassedReplies, type Replies } from './replies.ts';
import { type RoundResult, Rounds } from './rounds.ts';
import type { ControlSession, OpenSession, Wanted } from './session.ts';
import type { Destination } from './settings.ts';

export interface PrimaryWayOptions {
  readonly clock: Clock;
  readonly confirmTimeoutMs: number;
  readonly budget: HeldBudget;
  /** Left out where replies are not held. */
  readonly openSession: OpenSession | undefined;
  /** The group as it is known now. */
  readonly known: () => Topology | undefined;
  /** Clients can be sent on the way. */
  readonly onOpen: () => void;
  /** The way is closed by itself, and will open again: connections are to be cut. */
  readonly onLost: (destination: Destination, why: string) => void;
  readonly onRound: (result: RoundResult, durationMs: number) => void;
}

/** A session that ended is followed by an attempt at another one after this time, in milliseconds. */
const retryMs = 100;

export class PrimaryWay {
  readonly #options: PrimaryWayOptions;
  #destination: Destination | undefined;
  #way: Way | undefined;
  #session: ControlSession | undefined;
  #rounds: Rounds | undefined;
  #retry: TimeoutHandle | undefined;

  constructor(options: PrimaryWayOptions) {
    this.#options = options;
  }

  /** Where the next client goes; undefined while the way is closed. */
  get way(): Way | undefined {
    return this.#way;
  }

  /** Begins to open the way to `destination`; whether it holds replies is the mode's. */
  open(destination: Destination, holds: boolean): void {
    this.#destination = destination;
    if (holds) void this.#openSession(destination);
    else this.#opened({ destination, replies: PassedReplies.of });
  }

  /** Closes the way. Connections that went it are still to be cut. */
  close(): void {
    const { clock } = this.#options;
    this.#destination = undefined;
    this.#way = undefined;
    this.#rounds?.close();
    this.#session?.close();
    this.#rounds = undefined;
    this.#session = undefined;
    if (this.#retry !== undefined) clock.clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  async #openSession(destination: Destination): Promise<void> {
    const { openSession } = this.#options;
    if (openSession === undefined) return;
    try {
      const session = await openSession(destination);
      if (this.#destination !== destination) return session.close();
      this.#hold(destination, session);
    } catch (error) {
      this.#lost(destination, messageOf(error));
    }
  }

  #hold(destination: Destination, session: ControlSession): void {
    const { clock, confirmTimeoutMs, budget, onRound } = this.#options;
    const lost = (why: string): void => this.#lost(destination, why);
    const ask = async (): Promise<RoundResult> => {
      try {
        return await session.confirm(wantedOf(this.#options.known()));
      } catch (error) {
        lost(messageOf(error));
        throw error;
      }
    };
    const rounds = new Rounds({ ask, clock, confirmTimeoutMs, onRound });
    this.#session = session;
    this.#rounds = rounds;
    void session.ended.then((why) => {
      if (this.#session === session) lost(why);
    });
    const replies = (client: Socket, { resume, cutUnconfirmed }: LinkControl): Replies =>
      new HeldReplies({ client, rounds, budget, resume, onOverdue: cutUnconfirmed });
    this.#opened({ destination, replies });
  }

  #opened(way: Way): void {
    this.#way = way;
    this.#options.onOpen();
  }

  #lost(destination: Destination, why: string): void {
    if (this.#destination !== destination) return;
    this.close();
    this.#destination = destination;
    this.#options.onLost(destination, why);
    this.#retry = this.#options.clock.setTimeout(() => void this.#openSession(destination), retryMs);
  }
}

/** Where nothing is known, nothing can be confirmed: no primary has the mark null. */
function wantedOf(topology: Topology | undefined): Wanted {
  if (topology === undefined) return { mark: null, confirmations: 1, members: [] };
  const { mark, confirmations, inSync, standbys } = topology;
  return { mark, confirmations, members: standbys.filter(({ server }) => inSync.includes(server)) };
}
