/** Words that all forms of a report have in common. */

/** What stands where a method has no such figure. */
export const notApplicable = 'not applicable';
