/** What services may know of a server. */

import type { Address } from '../../actor/address.ts';
import type { Ballot } from '../ballot.ts';
import type { Configuration } from './configuration.ts';
import { type Role, roles, type ServerContext } from './context.ts';

export interface ServerView {
  readonly role: Role | undefined;
  readonly promised: Ballot | null;
  /** Who leads at the promised ballot, as far as known. */
  readonly leader: Address | null;
  /** The latest that is chosen. */
  readonly configuration: Configuration;
  readonly commitIndex: number;
}

export const serverView = (snapshot: { readonly context: ServerContext; hasTag(role: Role): boolean }): ServerView => {
  const { promised, leader, configuration, commitIndex } = snapshot.context;
  return { role: roles.find((role) => snapshot.hasTag(role)), promised, leader, configuration, commitIndex };
};
