/** The time of day, by which certificates are valid and people read logs. No protocol decides anything by it. */

export const timeOfDay = (): Date => new Date();
