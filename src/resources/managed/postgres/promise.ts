/**
 * Who is left out of what a group promises: those whose commits are acknowledged before a standby has them on its disk. Defaults
 * are seen; what a session sets for itself, no other session can see.
 */

const below = "('off', 'local', 'remote_write')";

/** At most so many are named. */
const most = 20;

/** In words, as an array of SQL. */
export const leftOut = `array(select format(
    'synchronous_commit is %s for %s in %s: what they commit is not waited for, and a failover may lose it', value, role, place)
  from (
    select current_setting('synchronous_commit') as value, 'all roles' as role, 'all databases' as place
    union select split_part(setting, '=', 2), coalesce(rolname, 'all roles'), coalesce(datname, 'all databases')
    from pg_db_role_setting cross join unnest(setconfig) as setting
      left join pg_roles on pg_roles.oid = setrole left join pg_database on pg_database.oid = setdatabase
    where starts_with(setting, 'synchronous_commit=')) as settings
  where value in ${below} limit ${most})`;
