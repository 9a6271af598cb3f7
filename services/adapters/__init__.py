"""What vendors send, made into events by a mapping file.

Pure: `paths` and `moments` read single values, `fields` and `mapping` are the model of the file,
`message` reads a payload by it, `envelope` and `translation` make the events, `signature` verifies.
`mapping_file` and `secret_file` read files, `rows` a CSV. `pull` takes exports from a folder
(`sources`) or over `sftp`, once (`settling`, `taken`), through an outbox to Kafka. The gateway
calls `load_mapping`, `verify` and `translate` for webhooks (docs/adapters.md).
"""
