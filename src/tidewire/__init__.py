"""Tidewire, an open newswire. This is the map.

One release, in ten files, in the order of events:

    intake/routes          a submission arrives over HTTP
    intake/submit          it is checked and stored once
    desk/decide            an editor approves it and sets its moment
    publish/stage          its audience is worked out ahead
    publish/moment         at T0 one transaction makes it public
    delivery/plan          it fans out to pages of deliveries
    delivery/attempt       a worker claims a page and hands it to its channel
    channels/email/channel the channel sends, and reports what was answered
    ledger/record          every answer is written down for good
    reports/distribution   the ledger says who got it, and when

The stages do not call each other: each reads stored facts, writes the next one, and rings
a bell (bus/). Imports go down only:

    app                                                   joins the parts, runs the programs
    intake  desk  publish  delivery  reports  newsroom    the stages
    outlets                                               the wire, pulled in every format
    audience  channels  ledger  access  translation  vault   what they work with
    store  bus  formats  crosscheck  search               PostgreSQL, the bell, pure rendering,
                                                          what renditions say, compared, and
                                                          the terms they are found by
    clock  languages  meters  waiting                     time, furniture, counts
    model                                                 the nouns
"""
