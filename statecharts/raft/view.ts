/** What services may know of a server. */

import type { Address } from '../actor/address.ts';
import type { Configuration } from './configuration.ts';
import { type Role, roles, type ServerContext } from './context.ts';

export interface ServerView {
  readonly role: Role | undefined;
  readonly term: number;
  /** Who leads `term`, as far as known. */
  readonly leader: Address | null;
  /** The latest in the log, committed or not (Raft §4.1). */
  readonly configuration: Configuration;
  readonly commitIndex: number;
}

export const serverView = (snapshot: { readonly context: ServerContext; hasTag(role: Role): boolean }): ServerView => {
  const { term, leader, configuration, commitIndex } = snapshot.context;
  return { role: roles.find((role) => snapshot.hasTag(role)), term, leader, configuration, commitIndex };
};
