/** What the acknowledgement of a write is worth, in protocols that let applications choose. */

/**
 * Who holds a write before it is acknowledged: the whole in-sync set, a majority of it, or the primary alone as long as no
 * member of the in-sync set lacks more than so many entries as may be lost.
 */
export const modes = ['sync', 'quorum', 'async'] as const;
export type Mode = (typeof modes)[number];

export const isMode = (value: unknown): value is Mode => modes.some((mode) => mode === value);
