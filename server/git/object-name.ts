/** 40 zeros: "there is no such ref". */
export const noObject = '0'.repeat(40)

/** `name` where it is an object's full name, so that no option can stand in its place. */
export function objectName(name: string): string {
  if (!/^[0-9a-f]{40}$/.test(name)) throw new Error(`"${name}" is no object name`)
  return name
}
