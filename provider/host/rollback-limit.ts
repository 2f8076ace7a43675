/** Time limit for each step of a rollback: more than the 90 s that systemd gives a start or a stop (systemd-system.conf(5)). */
export const ROLLBACK_STEP_SECONDS = 100;
