/** How many keys a node has room for, unless it is told otherwise, so that agreements leave others theirs. */

import type { Room } from '../actor.ts';

/** The keys of decisions and registers that a node keeps, as an acceptor or because it was asked: for ever. */
export const agreementRoom: Room = { name: 'agreement', keys: 10_000 };

/** The keys of which a node is asking at once what is chosen. */
export const learningRoom: Room = { name: 'learning', keys: 10_000 };
