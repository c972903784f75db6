"""The status page: how everything is, for people, for programs and for Prometheus; it reads and never writes.

`site` is what all of it is made of, `views` reads, `pages` shows people and `api` programs, `measures` is for Prometheus,
`guard` decides who may look, `server` listens.  What is read comes from `overview`, as it does in the terminal.
"""
