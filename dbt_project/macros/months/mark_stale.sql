{#
    Before a run: take the batch token from the rows of its months.

    The model replaces those that are still somewhere in raw; sweep_stale deletes the
    rest. So a month that became empty leaves nothing behind, which delete+insert alone
    does not do, and a run that dies in between is mended by the next one.
#}
{% macro mark_stale(table) -%}
    {%- if execute and is_incremental() -%}
        update {{ this }} set batch_token = null where {{ due_tokens(table) }}
    {%- endif -%}
{%- endmacro %}
