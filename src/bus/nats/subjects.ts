/** Where ends listen: a subject for each end of each cluster, whatever characters their names hold. */

/** The subject of an end. Anything published there, or one token below it, reaches that end. */
export const subjectOf = (cluster: string, end: string): string => `quorate.${token(cluster)}.${token(end)}`;

/** Dots part tokens, `*` and `>` are wildcards; white space is forbidden. */
const token = (name: string): string => (name === '' ? '%' : encodeURIComponent(name).replace(/[.*]/g, escapeOf));

const escapeOf = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
