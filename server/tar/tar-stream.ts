/** The one module that imports tar-stream: tars are read and written entry by entry, and never touch the disk. */
export { type Extract, extract, type Header, type Pack, pack } from 'tar-stream'
