/** Progress for the person at the terminal: steps and details on stdout, trouble on stderr. */
export const say = {
  step: (text: string): void => write(process.stdout, '-----> ', text),
  heading: (text: string): void => write(process.stdout, '=====> ', text),
  detail: (text: string): void => write(process.stdout, '       ', text),
  trouble: (text: string): void => write(process.stderr, ' !     ', text),
}

function write(stream: NodeJS.WriteStream, prefix: string, text: string): void {
  for (const line of text.split('\n')) stream.write(`${prefix}${line}`.trimEnd().concat('\n'))
}
