/** What the page fetches of the charts: an index, and for each chart its places and what its reader may want to know of it. */

import type { Layout } from '../../charts/layout.ts';

/** The index, in the order in which the documents describe the roles. */
export type ChartIndex = readonly { readonly name: string; readonly title: string }[];

/** What a transition does and why, by the names in its chart. */
export interface ChartTransition {
  readonly event: string;
  readonly source: string;
  readonly targets: readonly string[];
  readonly guard?: string;
  /** The names of the rules that are its guards. */
  readonly guards: readonly string[];
  readonly actions: readonly string[];
  /** As the chart cites it: `Raft §5.2: a later term`. */
  readonly rule?: string;
}

/** The source of a rule. */
export interface RuleSource {
  readonly file: string;
  readonly line: number;
  /** With the comment above it. */
  readonly text: string;
}

/** A chart, laid out, and its rules. */
export interface ChartAsset {
  readonly name: string;
  /** What the documents say that it is, how it fails and recovers, and which papers it follows; empty where they do not. */
  readonly about: string;
  readonly failures: string;
  readonly paper: string;
  /** The machine's own name, with which the ids of its states begin. */
  readonly machine: string;
  readonly layout: Layout;
  /** By the ids that steps tell. */
  readonly transitions: Readonly<Record<string, ChartTransition>>;
  /** By the names of actions and guards. */
  readonly rules: Readonly<Record<string, RuleSource>>;
}

/** Where the page finds the index, and a chart; relative to the page. */
export const chartIndexPath = 'charts/index.json';
export const chartPath = (name: string): string => `charts/${name}.json`;
