import express from 'express'

const app = express()

app.get('/', (_request, response) => {
  response.send(`Hello ${process.env.GREETED ?? 'world'}, from Express on Node.js ${process.version}\n`)
})

const server = app.listen(process.env.PORT ?? 5000, () => console.log('ready'))

// A new release has taken over: end what is under way, then go.
process.on('SIGTERM', () => server.close(() => process.exit(0)))
