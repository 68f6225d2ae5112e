import { randomBytes } from 'node:crypto'

/** A random name of `length` letters (5 bits each) that Docker, interfaces and files all take. */
export function randomName(length: number): string {
  return Array.from(randomBytes(length), (byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32])
    .join('')
    .replace(/^[2-7]/, 'a')
}
