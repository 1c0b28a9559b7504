/** The journal: its interface, its errors, and its form in memory. */

export * from './journal/errors.ts';
export * from './journal/journal.ts';
export * from './journal/memory.ts';
