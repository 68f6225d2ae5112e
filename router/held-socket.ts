/** The first file that whoever starts a program leaves to it, sd_listen_fds(3). */
const firstFile = 3

/**
 * The file of a socket that our starter listens on for us, and goes on to while no router runs; undefined where there
 * is none.
 */
export function heldSocket(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): number | undefined {
  const { LISTEN_FDS: count, LISTEN_PID: pid } = environment
  const isOurs = pid === undefined || pid === `${process.pid}`
  return count === '1' && isOurs ? firstFile : undefined
}
