-- A text becomes a constant; no text stays no text.

with texts as (
    select 'penicillin' as note, 'ANON_TEXT' as expected
    union all
    select '  ', null
    union all
    select null, null
)

select *
from texts
where coalesce({{ anon_text('note') }}, 'none') != coalesce(expected, 'none')
