"""The hub: a data-exchange broker with privacy controls. The way of a record, in seven steps:

1. receive      bytes from a partner               -> Received            `hub.receive`
2. normalise    through the connector's mapping    -> Canonical           `hub.normalise`
3. decide       consent, purpose, agreement, law   -> Permitted | Refused `hub.consent`
4. protect      minimise, pseudonymise, seal       -> Protected           `hub.protect`
5. record       into the log, before anything goes -> Recorded            `hub.audit`
6. deliver      decided anew, fetched or sent      -> Delivered           `hub.deliver`
7. acknowledge  the recipient's own receipt        -> Acknowledged        `hub.acknowledge`

`hub.route` tells the whole way; read it first.
"""
