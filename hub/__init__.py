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

import gc

# Classes, the rules and a batch's objects all live until they are whole or durable: looking through them for cycles after
# every 700th costs a third of the time, of a start as of a batch, and finds nothing.
gc.set_threshold(100_000, 20, 100)
