/** The B+ tree of `sorted-btree`, whichever way the module is loaded. */

import btree from 'sorted-btree';

/** Node imports what the module exports, which holds the class; some bundlers, the class itself. */
export const BTree = 'default' in btree ? btree.default : btree;
