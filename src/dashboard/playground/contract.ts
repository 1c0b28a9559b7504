/** What the page of the playground and its worker say to each other. The worker holds simulator, checker and protocols. */

import type { FeedItem } from '../feed.ts';
import type { PlaygroundRun } from '../model/playground-run.ts';

/** A protocol to choose. */
export interface Choice {
  readonly name: string;
  readonly about: string;
  readonly minNodes: number;
  /** Twins with one mistake, and which means finds it. */
  readonly twins: readonly { readonly name: string; readonly isSimulated: boolean; readonly isChecked: boolean }[];
  /** Small systems to check, as options of the command line. */
  readonly systems: readonly string[];
}

/** A system to check: one of the choice's, or a twin in the bounds by which it is found out. */
export interface PlaygroundCheck {
  readonly protocol: string;
  readonly twin?: string;
  /** Which of the protocol's systems; of a twin it does not matter. */
  readonly system: number;
}

/** What the page asks. `id` numbers what it asks for: the worker works at the last alone. */
export type Asked =
  | { readonly type: 'run'; readonly id: number; readonly run: PlaygroundRun }
  | { readonly type: 'check'; readonly id: number; readonly check: PlaygroundCheck };

/** What the worker says. */
export type Said =
  | { readonly type: 'choices'; readonly choices: readonly Choice[] }
  | { readonly type: 'items'; readonly id: number; readonly items: readonly FeedItem[] }
  | { readonly type: 'progress'; readonly id: number; readonly text: string }
  /** It is over; `details` may be long. */
  | { readonly type: 'done'; readonly id: number; readonly text: string; readonly details: string }
  | { readonly type: 'failed'; readonly id: number; readonly why: string };
