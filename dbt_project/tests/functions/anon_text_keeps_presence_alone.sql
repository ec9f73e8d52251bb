-- A text becomes a constant; no text stays no text.

with texts as (
    select given.*
    from (
        values
        ('penicillin', 'ANON_TEXT'),
        ('  ', null),
        (null, null)
    ) as given (note, expected)
)

select *
from texts
where coalesce({{ anon_text('note') }}, 'none') != coalesce(expected, 'none')
